import { expect, test } from 'vitest'
import type { CallStage, Engine } from '@bttkit/interfaces'
import { POWER_FAIL_MODELS, PowerFailMemory, type PowerFailModel } from '@bttkit/pmem-power-fail'
import { checkCreation } from './index.ts'
import { engine, smallImage, withoutFlushOf } from './crash-check.test-support.ts'

const OVERWRITTEN = smallImage(512)
const BLANK = new Uint8Array(OVERWRITTEN.length)
/** A page of zeros has 256 versions in each of its lines, so few are looked at one by one; the others are sampled. */
const LIMIT = 25
const creation = {
  externalLbasize: 4096,
  nfree: 2,
  uuid: '99999999-2222-3333-4444-555555555555',
  force: true,
}

test.each(POWER_FAIL_MODELS)('%s: a creation on blank media leaves no BTT or the whole one', (model) => {
  const result = checkCreation({ engine, media: BLANK, model, creation, limit: LIMIT })
  expect(result.violations).toEqual([])
})

test('buffered: all states that a creation on blank media may leave are few enough to be looked at', () => {
  const result = checkCreation({ engine, media: BLANK, model: 'buffered', creation })
  // Zeros over the four places where an info block may be, none of them durable before the last; the map, and the flog with it; each info block alone; the end.
  const states = 2n + 4n + 8n + 16n + (2n + 4n) + 2n + 2n + 1n
  expect(result).toMatchObject({ violations: [], isExhaustive: true, points: 9, states })
})

test.each(['px86', 'torn-512', 'buffered'] as const)(
  '%s: a creation over another BTT leaves the old one, none, or the whole new one',
  (model) => {
    const result = checkCreation({ engine, media: OVERWRITTEN, model, creation, limit: LIMIT })
    expect(result.violations).toEqual([])
  },
)

test.each<[PowerFailModel, CallStage]>([
  ['px86', 'info'],
  ['buffered', 'info'],
  ['px86', 'flog'],
  ['buffered', 'flog'],
])('%s: a creation that does not flush after %s is found', (model, stage) => {
  const options = { media: OVERWRITTEN, model, creation, limit: LIMIT }
  const { violations } = checkCreation({ ...options, engine: withoutFlushOf(stage) })
  expect(violations[0]?.problem).toMatch(/^power failure in the creation, .* blocks have not one holder each/)
})

const creatingElsewhere: Engine = {
  attach: (provider, options) => engine.attach(provider, options),
  create: () => engine.create(new PowerFailMemory({ media: BLANK, model: 'strict' }), creation),
  join: (provider, share) => engine.join(provider, share),
}

test('a creation whose end leaves nothing durable is found', () => {
  const { violations } = checkCreation({ engine: creatingElsewhere, media: BLANK, model: 'px86', creation })
  expect(violations[0]?.problem).toMatch(
    /^power failure at the end of the creation: it cannot be attached: NotABttError/,
  )
})

test('a BTT that was there is no new one', () => {
  const { violations } = checkCreation({
    engine: creatingElsewhere,
    media: OVERWRITTEN,
    model: 'px86',
    creation,
  })
  expect(violations[0]?.problem).toBe(
    'power failure at the end of the creation: it is another BTT than the new one',
  )
})
