/** A storage call that fails in an attach that has writes to complete, or in a creation. */
import { expect, test } from 'vitest'
import { BttkitError, ProviderIoError } from '@bttkit/interfaces'
import type { FaultKind, TraceRecord } from '@bttkit/pmem-layers'
import { Disk } from './disk.test-support.ts'
import { MIB, bijectionProblems, freshMemory } from './engine.test-support.ts'
import {
  Expectation,
  INTERRUPTED,
  callsOf,
  expectSound,
  failureOf,
  failingStorages,
} from './failing-calls.test-support.ts'
import { callsOfKind, failing, recording } from './faults.test-support.ts'
import { describeOverStorages } from './over-storages.test-support.ts'

const UUID = '01234567-89ab-cdef-0123-456789abcdef'
const KINDS: readonly FaultKind[] = ['read', 'write', 'flush']

describeOverStorages((storage) => {
  test.each(KINDS)(
    'whichever %s of an attach that completes interrupted writes fails, it fails, and the next one completes them',
    async (kind) => {
      const calls = callsOfKind(kind, (await callsOf(INTERRUPTED, storage)).attaching)
      // Two map entries, and what makes them durable; a flush before.
      expect(calls.length).toBeGreaterThanOrEqual({ read: 6, write: 2, flush: 3 }[kind])
      const expectation = await Expectation.of(INTERRUPTED)
      for (const [index, { method, stage }] of calls.entries()) {
        const what = `${kind} ${index + 1} of ${calls.length}: ${method} of ${stage}`
        using disk = new Disk(storage, INTERRUPTED.image)
        const attaching = disk.attach({ under: failing(kind, index + 1) })
        expect(await failureOf(attaching), `after ${what}`).toBeInstanceOf(ProviderIoError)
        await expectSound(disk.bytes(), expectation, what)
      }
    },
  )

  test.each<[FaultKind, string, Uint8Array]>(
    KINDS.flatMap((kind) => [
      [kind, 'empty storage', new Uint8Array(17 * MIB)],
      [kind, 'storage with an older BTT', freshMemory(17 * MIB, { version: '2.0' }).mapping],
    ]),
  )(
    'whichever %s of a creation on %s fails, it fails, there is no BTT or a whole one, and the next creation makes one',
    async (kind, _what, content) => {
      const create = { uuid: UUID, force: true, externalLbasize: 512, nfree: 4 } as const
      const records: TraceRecord[] = []
      using undisturbed = new Disk(storage, content)
      await undisturbed.create(create, { under: recording(records) })
      const calls = callsOfKind(kind, records)
      // What is destroyed, the map, the flog and two info blocks; each of them durable before the next.
      expect(calls.length).toBeGreaterThanOrEqual({ read: 3, write: 5, flush: 4 }[kind])
      for (const [index, { method, stage }] of calls.entries()) {
        const what = `${kind} ${index + 1} of ${calls.length}: ${method} of ${stage}`
        using disk = new Disk(storage, content)
        const creating = disk.create(create, { under: failing(kind, index + 1) })
        expect(await failureOf(creating), `after ${what}`).toBeInstanceOf(ProviderIoError)
        await expectNoneOrWhole(disk, kind === 'read' || index === 0, what)
        await disk.create(create)
        const device = await disk.attach()
        expect(device.info, `after ${what}`).toMatchObject({
          state: 'clean',
          problems: [],
          arenas: [{ uuid: UUID }],
        })
        expect(bijectionProblems(disk.bytes(), 4096), `after ${what}`).toEqual([])
      }
    },
  )
}, failingStorages)

/** `isUntouched`: nothing can have been stored, so an older BTT may be there still. */
async function expectNoneOrWhole(disk: Disk, isUntouched: boolean, what: string): Promise<void> {
  try {
    const { info } = await disk.attach()
    expect(bijectionProblems(disk.bytes(), info.namespaceOffset), `after ${what}`).toEqual([])
    if (!isUntouched) expect(info.arenas[0]?.uuid, `after ${what}`).toBe(UUID)
  } catch (error) {
    expect(error, `after ${what}`).toBeInstanceOf(BttkitError)
    expect(error, `after ${what}`).not.toBeInstanceOf(ProviderIoError)
  }
}
