/** A storage call that fails, wherever it stands in an operation: its error reaches the caller, what is in doubt is only read, and nothing is lost. */
import { expect, test } from 'vitest'
import { ProviderIoError } from '@bttkit/interfaces'
import type { FaultKind } from '@bttkit/pmem-layers'
import { Disk, type Driven } from './disk.test-support.ts'
import {
  Expectation,
  SCENARIOS,
  callsOf,
  expectSound,
  failureOf,
  failingStorages,
  isWritable,
  outsideOf,
  readWindow,
  windowOf,
  type Scenario,
} from './failing-calls.test-support.ts'
import { callsOfKind, failing } from './faults.test-support.ts'
import { describeOverStorages } from './over-storages.test-support.ts'
import type { TestStorage } from './storages.test-support.ts'

/** Fails each call of the kind in turn; `expectAfter` looks at the device after the failure of one. */
async function failEach(
  kind: FaultKind,
  scenario: Scenario,
  storage: TestStorage,
  expectAfter: (device: Driven, call: ReturnType<typeof callsOfKind>[number], what: string) => Promise<void>,
): Promise<number> {
  const { attaching, running } = await callsOf(scenario, storage)
  const before = callsOfKind(kind, attaching).length
  const calls = callsOfKind(kind, running)
  const expectation = await Expectation.of(scenario)
  for (const [index, call] of calls.entries()) {
    const what = `${kind} ${index + 1} of ${calls.length}: ${call.method} of ${call.stage}`
    using disk = new Disk(storage, scenario.image)
    const device = await disk.attach({ under: failing(kind, before + index + 1) })
    const failure = await failureOf(expectation.running(scenario, device))
    expect(failure, `after ${what}`).toBeInstanceOf(ProviderIoError)
    await expectAfter(device, call, what)
    expect(expectation.problems(await readWindow(device), windowOf(device)), `after ${what}`).toEqual([])
    await expectSound(disk.bytes(), expectation, what)
  }
  return calls.length
}

describeOverStorages((storage) => {
  test.each(SCENARIOS)(
    'whichever flush of $name fails, all arenas are only read from then on, and lose nothing',
    async (scenario) => {
      const flushes = await failEach('flush', scenario, storage, async (device, _call, what) => {
        for (const lba of outsideOf(device))
          expect(await isWritable(device, lba), `after ${what}`).toBe(false)
      })
      expect(flushes).toBeGreaterThan(0)
    },
  )

  test.each(SCENARIOS.filter(({ name }) => !name.includes('zeroing')))(
    'whichever store of $name fails, the arena is only read from then on, unless it was data, and loses nothing',
    async (scenario) => {
      const stores = await failEach('write', scenario, storage, async (device, { method, stage }, what) => {
        // Nothing was published yet. A store that is to be durable by itself counts as a flush.
        const isHarmless = (stage === 'data' || stage === 'metadata') && method !== 'writeThrough'
        const writable = await Promise.all(outsideOf(device).map((lba) => isWritable(device, lba)))
        expect(writable.every(Boolean), `after ${what}`).toBe(isHarmless)
      })
      expect(stores).toBeGreaterThan(2)
    },
  )

  test.each(SCENARIOS.filter(({ name }) => name.includes('zeroing')))(
    'whichever store of $name fails, nothing is lost',
    async (scenario) => {
      const stores = await failEach('write', scenario, storage, async () => {})
      expect(stores).toBeGreaterThan(0)
    },
  )
}, failingStorages)
