import { without, withoutReopen, type ConformanceCase } from './conformance-case.ts'
import { assertFails } from './failures.ts'
import type { Subject } from './subject.ts'

const withoutLock = without('lock')

const cannotLock = (subject: Subject): string | undefined => withoutLock(subject) ?? withoutReopen(subject)

/** Two openings of one storage, and who may have it. */
export const lockCases: readonly ConformanceCase[] = [
  {
    name: 'lock: an exclusive lock keeps every other out',
    skipReason: cannotLock,
    async run(subject) {
      const second = await subject.reopen()
      await subject.provider.lock?.('exclusive')
      for (const mode of ['exclusive', 'shared'] as const) {
        await assertFails(() => second.lock?.(mode), 'BTT_IMAGE_LOCKED', `a second lock, ${mode}`)
      }
    },
  },
  {
    name: 'lock: shared locks go together, and keep an exclusive one out',
    skipReason: cannotLock,
    async run(subject) {
      const second = await subject.reopen({ readOnly: true })
      const third = await subject.reopen()
      await subject.provider.lock?.('shared')
      await second.lock?.('shared')
      await assertFails(
        () => third.lock?.('exclusive'),
        'BTT_IMAGE_LOCKED',
        'an exclusive lock beside shared ones',
      )
    },
  },
  {
    name: 'lock: closing gives it up',
    skipReason: cannotLock,
    async run(subject) {
      const second = await subject.reopen()
      await subject.provider.lock?.('exclusive')
      await subject.provider.close()
      await second.lock?.('exclusive')
    },
  },
  {
    name: 'lock: a second call changes its mode',
    skipReason: cannotLock,
    async run(subject) {
      const second = await subject.reopen()
      await subject.provider.lock?.('exclusive')
      await subject.provider.lock?.('shared')
      await second.lock?.('shared')
      await assertFails(
        () => subject.provider.lock?.('exclusive'),
        'BTT_IMAGE_LOCKED',
        'back to exclusive, beside another',
      )
    },
  },
  {
    name: 'lock: who was refused can be locked later, and the holder kept its lock',
    skipReason: cannotLock,
    async run(subject) {
      const second = await subject.reopen()
      const third = await subject.reopen()
      await subject.provider.lock?.('exclusive')
      await assertFails(() => second.lock?.('exclusive'), 'BTT_IMAGE_LOCKED', 'the second')
      await second.close()
      await assertFails(() => third.lock?.('shared'), 'BTT_IMAGE_LOCKED', 'the third')
      await subject.provider.close()
      await third.lock?.('shared')
    },
  },
]
