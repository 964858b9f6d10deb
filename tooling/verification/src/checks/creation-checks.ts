/** Power failures at every point of a creation. */
import { checkCreation } from '@bttkit/checker-crash'
import type { PowerFailModel } from '@bttkit/pmem-power-fail'
import { runAll, type Check } from './check.ts'
import { crashVerdict } from './crash-checks.ts'
import { IMAGE_BYTES, smallImage } from './images.ts'

/** A page of zeros has 256 versions in each of its lines, so few are looked at one by one; the others are sampled. */
const LIMIT = 25

export const CREATION = {
  externalLbasize: 4096,
  nfree: 2,
  uuid: '99999999-2222-3333-4444-555555555555',
  force: true,
}

const MODELS: readonly PowerFailModel[] = ['buffered', 'px86']

export const CREATION_CHECKS: readonly Check[] = [
  {
    name: 'creation on blank media',
    checker: 'creation',
    run: ({ engine }) =>
      runAll(
        MODELS.map(
          (model) => () =>
            crashVerdict(
              `creation on blank media, ${model}`,
              checkCreation({
                engine,
                media: new Uint8Array(IMAGE_BYTES),
                model,
                creation: CREATION,
                limit: LIMIT,
              }),
            ),
        ),
      ),
  },
  {
    name: 'creation over another BTT',
    checker: 'creation',
    run: ({ engine }) => {
      const media = smallImage(engine)
      return runAll(
        MODELS.map(
          (model) => () =>
            crashVerdict(
              `creation over another BTT, ${model}`,
              checkCreation({ engine, media, model, creation: CREATION, limit: LIMIT }),
            ),
        ),
      )
    },
  },
  {
    name: 'creation of several arenas',
    checker: 'creation',
    needsSmallArenas: true,
    run: ({ engine }) => {
      const media = new Uint8Array(4096 + 2 * 17 * 2 ** 20)
      return runAll(
        MODELS.map(
          (model) => () =>
            crashVerdict(
              `creation of several arenas, ${model}`,
              checkCreation({ engine, media, model, creation: CREATION, limit: LIMIT }),
            ),
        ),
      )
    },
  },
]
