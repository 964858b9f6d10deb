/** Operations that are done at once, for checkers, which drive the sleepable form. */
import type { BlockOperations, BttDevice, Sleepable } from '@bttkit/interfaces'
import type { Subject } from '../subject.ts'

/** The device with its atomic form in place of the sleepable one, where that can be done at once. */
function atOnce(device: BttDevice): BttDevice {
  const { atomic, sleepable } = device
  const operations: BlockOperations<Sleepable<void>> = {
    *read(...request) {
      atomic.read(...request)
    },
    *write(...request) {
      atomic.write(...request)
    },
    *readBytes(...request) {
      atomic.readBytes(...request)
    },
    *writeBytes(...request) {
      atomic.writeBytes(...request)
    },
    zero: (...request) => sleepable.zero(...request),
    zeroBytes: (...request) => sleepable.zeroBytes(...request),
    flush: () => sleepable.flush(),
    close: () => sleepable.close(),
  }
  const changed: BttDevice = Object.create(device, { sleepable: { value: operations } })
  return changed
}

/** The subject whose devices, on storage that never waits, read and write at once. */
export function subjectAtOnce(subject: Subject): Subject {
  const { engine } = subject
  return {
    ...subject,
    engine: {
      *attach(provider, options) {
        return atOnce(yield* engine.attach(provider, options))
      },
      create: (provider, options) => engine.create(provider, options),
      join: (provider, share) => engine.join(provider, share),
    },
  }
}
