/** Every part is found by its token, and one registration replaces it. */
import { expect, test } from 'vitest'
import {
  CHECKER,
  ENGINE,
  LANE_TABLE_FACTORY,
  LOCK_TABLE_FACTORY,
  PluginContractError,
  PROVIDER_PLUGIN,
  READ_TRACKING_FACTORY,
  type Checker,
  type Engine,
  type LaneTableFactory,
  type LockTableFactory,
  type ProviderPlugin,
  type ReadTrackingFactory,
} from '@bttkit/interfaces'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import { runAsync } from '@bttkit/sleepable'
import { MIB, recording } from './recording-provider.test-support.ts'
import { createStack, type StackOptions } from './stack.ts'

/** Makes an image, and writes and reads one sector of it, with a stack that was made so. */
async function useDevice(configure: NonNullable<StackOptions['configure']>): Promise<void> {
  const { plugin } = recording()
  const stack = createStack({ plugins: [plugin], configure })
  await stack.createImage('recording:', { sizeBytes: 17 * MIB })
  const device = await stack.openImage('recording:')
  const sector = new Uint8Array(device.sectorSize).fill(7)
  await device.write(3, sector)
  const back = new Uint8Array(device.sectorSize)
  // As an operation that may be preempted: one that is done at once needs no tracking on a device of one thread.
  await runAsync(device.sleepable.read(3, back))
  expect(back).toEqual(sector)
  await device.close()
}

test('LANE_TABLE_FACTORY: lanes come from the table of the replacement', async () => {
  let taken = 0
  class CountingLanes extends MutexLaneTable {
    override tryAcquire(hint: number): number | undefined {
      taken++
      return super.tryAcquire(hint)
    }
  }
  const lanes: LaneTableFactory = (words, { policy }) => new CountingLanes(words.subarray(0, -1), policy)
  await useDevice((container) => container.register(LANE_TABLE_FACTORY, { useValue: lanes }))
  expect(taken).toBeGreaterThan(0)
})

test('LOCK_TABLE_FACTORY: map locks come from the table of the replacement', async () => {
  let taken = 0
  class CountingLocks extends MutexLocks {
    override tryAcquire(index: number): boolean {
      taken++
      return super.tryAcquire(index)
    }
  }
  const locks: LockTableFactory = (words) => new CountingLocks(words, 'map-lock')
  await useDevice((container) => container.register(LOCK_TABLE_FACTORY, { useValue: locks }))
  expect(taken).toBeGreaterThan(0)
})

test('READ_TRACKING_FACTORY: readers are tracked by the replacement', async () => {
  const entered: number[] = []
  class RecordingReads extends LocalReadTracking {
    override enter(lane: number, block: number): undefined {
      entered.push(block)
      super.enter(lane, block)
    }
  }
  const reads: ReadTrackingFactory = (words) => new RecordingReads(words)
  await useDevice((container) => container.register(READ_TRACKING_FACTORY, { useValue: reads }))
  expect(entered).not.toEqual([])
})

test('ENGINE: images are made and attached by the replacement', async () => {
  const refusal = new Error('not today')
  const engine: Engine = {
    attach() {
      throw refusal
    },
    join() {
      throw refusal
    },
    create() {
      throw refusal
    },
  }
  const stack = createStack({ configure: (container) => container.register(ENGINE, { useValue: engine }) })
  expect(stack.engine()).toBe(engine)
  await expect(stack.openImage('mem:?size=1MiB')).rejects.toBe(refusal)
  await expect(stack.createImage('mem:?size=17MiB')).rejects.toBe(refusal)
})

test('PROVIDER_PLUGIN: a scheme is opened by the last plugin that was registered for it', async () => {
  const { plugin, log } = recording()
  const replacement: ProviderPlugin = { ...plugin, schemes: ['mem'] }
  const stack = createStack({
    configure: (container) => container.register(PROVIDER_PLUGIN, { useValue: replacement }),
  })
  const provider = await stack.openProvider('mem:', { readOnly: true })
  expect(provider.name).toBe('recording')
  expect(log).toEqual(['open', 'lock shared'])
  expect(stack.schemes()).toEqual(createStack().schemes())
})

test('PROVIDER_PLUGIN: what is registered as one and is none is refused', async () => {
  const stack = createStack({
    configure: (container) =>
      container.register(PROVIDER_PLUGIN, { useValue: { name: 'half', schemes: ['half'] } }),
  })
  await expect(stack.openProvider('mem:?size=1MiB', { readOnly: true })).rejects.toThrow(PluginContractError)
})

test('CHECKER: what is registered is what there is', () => {
  const checker: Checker = { name: 'none', async *check() {} }
  const stack = createStack({ configure: (container) => container.register(CHECKER, { useValue: checker }) })
  expect(stack.checkers()).toEqual([checker])
})

test('without a checker there is none', () => {
  expect(createStack().checkers()).toEqual([])
})
