import { expect, test } from 'vitest'
import { buildPage } from './index.ts'
import type { NextStep } from './page-model.ts'
import { contentOf, kernelImage } from './page.test-support.ts'

function stepsOf(name: string, words: readonly string[]): readonly NextStep[] {
  return buildPage({ ...contentOf(kernelImage(name).bytes()), words }).verdict.steps
}

const DONE = { code: 'map-duplicate', repair: 'settle-duplicate', message: 'done' } as const

test('of a clean image nothing has to be done', () => {
  expect(stepsOf('v11-4096', ['disk.img'])).toEqual([])
})

test('a damaged one is repaired by commands that can be typed as they are', () => {
  expect(stepsOf('bad-map-dup', ["my disk's.img", '--offset', '4096']).map(({ command }) => command)).toEqual(
    [
      String.raw`btt check 'my disk'\''s.img' --offset 4096 --repair --dry-run`,
      String.raw`btt check 'my disk'\''s.img' --offset 4096 --repair --undo repair.undo`,
    ],
  )
})

test('what a shell would expand is quoted', () => {
  const [step] = stepsOf('bad-map-pending', ['$(reboot)`reboot`'])
  expect(step?.command).toBe("btt check '$(reboot)`reboot`' --repair")
})

test('after a repair it says how to take it back', () => {
  const plan = { steps: [DONE], withheld: [], before: 'damaged', after: 'clean' } as const
  const { verdict } = buildPage({
    ...contentOf(kernelImage('v11-4096').bytes()),
    repair: { plan, isDryRun: false, undo: 'disk.undo' },
  })
  expect(verdict.sentence).toBe('This image was damaged, and is in order now: 1 repair was made.')
  expect(verdict.steps.map(({ command }) => command)).toEqual(['btt check disk.img --undo-restore disk.undo'])
})

test('after a plan it says how to carry it out', () => {
  const plan = { steps: [DONE], withheld: [], before: 'damaged', after: 'clean' } as const
  const { verdict } = buildPage({
    ...contentOf(kernelImage('bad-map-dup').bytes()),
    repair: { plan, isDryRun: true, undo: undefined },
  })
  expect(verdict.advice).toBe('A repair would make of it: clean.')
  expect(verdict.steps.map(({ command }) => command)).toEqual([
    'btt check disk.img --repair --undo repair.undo',
  ])
})
