/** Batches beside a failure that is not their own: they store nothing more that it forbids. */
import { expect, test } from 'vitest'
import {
  ArenaErrorStateError,
  ProviderIoError,
  type CallStage,
  type MaybeSleep,
  type Sleepable,
  type Wait,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic, runBlocking } from '@bttkit/sleepable'
import { MIB, PreemptingProvider, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'

const SECTOR = 512
const fill = (byte: number, sectors = 1): Uint8Array => new Uint8Array(sectors * SECTOR).fill(byte)

const STAGES: readonly CallStage[] = ['data', 'flog half 0', 'flog half 1', 'map']

/** Fails what the test says, and keeps of which stages there were stores. */
class FailingProvider extends PreemptingProvider {
  failsMap = false
  failsFlush = false
  readonly stored: CallStage[] = []
  private stage: CallStage = 'data'

  annotate(stage: CallStage): void {
    this.stage = stage
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    this.stored.push(this.stage)
    return this.failsMap && this.stage === 'map' ? this.fail('a store') : super.write(offset, source)
  }

  override flush(): MaybeSleep {
    return this.failsFlush ? this.fail('a flush') : super.flush()
  }

  private fail(what: string): never {
    throw new ProviderIoError({ image: this.name }, `${what} fails`, 'EIO')
  }
}

/** A device of three lanes, whose first 100 sectors are 1. */
function prepared() {
  const memory = freshMemory(17 * MIB, { externalLbasize: SECTOR, nfree: 3 })
  runAtomic(engine.attach(memory)).atomic.write(0, fill(1, 100))
  const provider = new FailingProvider(memory)
  const device = runBlocking(engine.attach(provider))
  provider.stored.length = 0
  return { memory, provider, device }
}

/** Drives an operation to its n-th wait; undefined where it has ended before. */
function driveTo(operation: Sleepable<void>, nth: number): Wait | undefined {
  let step = operation.next()
  for (let wait = 1; wait < nth && step.done !== true; wait++) {
    step.value.block?.()
    step = operation.next()
  }
  return step.done === true ? undefined : step.value
}

test('a batch stores nothing in the lane of a write that has failed half-way since the batch began', () => {
  const { memory, provider, device } = prepared()
  const { sleepable } = device
  const reader = sleepable.read(65, fill(0))
  // Its block is in the read tracking when it loads the map entry again.
  const reading = driveTo(reader, 2)
  const failing = sleepable.write(80, fill(2))
  const storing = driveTo(failing, 1)
  // In the third lane. The block that is read becomes the free one of it.
  runBlocking(sleepable.write(65, fill(3)))
  const batch = sleepable.write(40, fill(9, 3))
  expect(batch.next().value).toMatchObject({ on: { object: 'read-tracking' } })

  provider.failsMap = true
  storing?.block?.()
  expect(() => runBlocking(failing)).toThrow(ProviderIoError)
  provider.failsMap = false
  reading?.block?.()
  runBlocking(reader)
  provider.stored.length = 0
  expect(() => runBlocking(batch)).toThrow(ArenaErrorStateError)
  expect(provider.stored).toEqual([])
  expect(device.statistics().lanesInUse).toBe(0)

  const again = runAtomic(engine.attach(new MemoryProvider({ bytes: memory.mapping }, 'again')))
  const sector = fill(0)
  again.atomic.read(80, sector)
  // Its flog entry is complete, so recovery publishes it.
  expect(sector).toEqual(fill(2))
  expect(bijectionProblems(memory.mapping, 4096)).toEqual([])
})

test('a flush of somebody else that fails stops a batch before its next stage, wherever it stands', () => {
  let waits = 1
  for (; ; waits++) {
    const { memory, provider, device } = prepared()
    const batch = device.sleepable.write(15, fill(2, 2))
    const wait = driveTo(batch, waits)
    if (wait === undefined) break
    const [begun = 'data'] = provider.stored.toReversed()

    provider.failsFlush = true
    expect(() => runBlocking(device.sleepable.flush())).toThrow(ProviderIoError)
    provider.failsFlush = false
    wait.block?.()
    expect(() => runBlocking(batch), `wait ${waits}`).toThrow(ArenaErrorStateError)
    const reached = Math.max(...provider.stored.map((stage) => STAGES.indexOf(stage)))
    expect(STAGES[reached], `wait ${waits}`).toBe(begun)

    const again = runAtomic(engine.attach(new MemoryProvider({ bytes: memory.mapping }, 'again')))
    for (const lba of [14, 15, 16, 17]) {
      const sector = fill(0)
      again.atomic.read(lba, sector)
      expect(lba === 15 || lba === 16 ? [1, 2] : [1], `wait ${waits}, LBA ${lba}`).toContain(sector[0])
    }
    expect(bijectionProblems(memory.mapping, 4096), `wait ${waits}`).toEqual([])
  }
  expect(waits).toBeGreaterThan(12)
})
