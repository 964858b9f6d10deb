/** Any operations of one task over a real engine, against plain arrays. */
import fc from 'fast-check'
import { test } from 'vitest'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { engine, freshImage } from './btt-image.test-support.ts'
import { WriteBackDevice } from './index.ts'
import { Model, steps } from './model.test-support.ts'

test.each([1, 3000, 2 ** 20])(
  'in %i bytes of memory, any sequence of operations does what it does to a plain array, and is on the device in the end',
  (limitBytes) => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const bytes = freshImage()
        const inner = runAtomic(engine.attach(new MemoryProvider({ bytes }, 'model')))
        const device = new WriteBackDevice(inner, { limitBytes, blocking: true })
        const model = new Model()
        for (const step of sequence) {
          model.apply(device.atomic, step)
          if (step.kind === 'flush') model.expectOn(inner.atomic)
        }
        model.expectOn(device.atomic)
        device.atomic.close()
        model.expectOn(runAtomic(engine.attach(new MemoryProvider({ bytes }, 'again'))).atomic)
      }),
      { numRuns: 25 },
    )
  },
)
