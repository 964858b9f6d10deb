/** A run on memory, as `btt stress` makes it. */
import { BttEngine } from '@bttkit/btt'
import type {
  BttDevice,
  LanePolicy,
  LaneTable,
  LockTableFactory,
  PmemProvider,
  ReadTrackingFactory,
  Zeroing,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import {
  HISTORICAL_LANE_TABLES,
  LocalReadTracking,
  MutexLocks,
  type HistoricalLaneTableName,
} from '@bttkit/region-lanes'
import { runAsync } from '@bttkit/sleepable'
import { checkBijection } from './bijection.ts'
import type { CurrentTask } from './current-task.ts'
import { FlogWatch } from './flog-watch.ts'
import { observeLanes } from './observed-lanes.ts'
import { PreemptingProvider } from './preempting-provider.ts'
import { stressOneThread } from './stress-one-thread.ts'
import { planStress } from './stress-plan.ts'
import { preemptionRandom } from './stress-random.ts'
import { makeStressReport, type StressReport } from './stress-report.ts'
import { stressThread } from './stress-thread.ts'
import type { StressedDevice } from './stress-task.ts'
import { StressWords } from './stress-words.ts'

export const MIB = 2 ** 20

export interface MemoryRun {
  readonly lanes?: HistoricalLaneTableName
  /** Instead of a table by name. */
  readonly makeLanes?: (words: Int32Array, policy: LanePolicy) => LaneTable
  /** Instead of those that the engine comes with. */
  readonly lockTable?: LockTableFactory
  readonly readTracking?: ReadTrackingFactory
  readonly policy?: LanePolicy
  readonly seed?: number
  readonly tasks?: number
  readonly readers?: number
  readonly cpus?: number
  readonly laneCount?: number
  readonly operations?: number
  readonly limitMs?: number
  readonly preempt?: boolean
  readonly preemptBeforeLock?: boolean
  readonly externalLbasize?: number
  /** Default: by flags. */
  readonly zeroing?: Zeroing
  /** What lies between the layer that preempts and the memory. */
  readonly layer?: (memory: MemoryProvider) => PmemProvider
  readonly signal?: AbortSignal
  /** What lies between the tasks and the device. */
  readonly deviceLayer?: (device: BttDevice) => StressedDevice
  /** Driven as one of several threads is, though it is alone. */
  readonly asThread?: boolean
}

/** Formats memory, runs tasks on it, and reports. Ends by operations, so that no clock decides what is found; the time is a limit only. */
export async function stressMemory(options: MemoryRun = {}): Promise<StressReport> {
  const { lanes = 'mutex', policy = 'first-idle', seed = 1, tasks = 8, readers = 0, cpus = 4 } = options
  const { preempt = true, preemptBeforeLock = false, operations = 2000, limitMs = 20_000 } = options
  const memory = new MemoryProvider({ size: 17 * MIB }, 'memory')
  const current: CurrentTask = { identity: undefined }
  const words = new StressWords({ tasks, workers: 1 })
  const model = HISTORICAL_LANE_TABLES[lanes]
  const makeLanes =
    options.makeLanes ??
    ((laneWords, lanePolicy) =>
      model.make(laneWords, lanePolicy, { cpuCount: cpus, isPreemptedBeforeLock: preemptBeforeLock }))
  const engine = new BttEngine({
    laneTable: observeLanes(
      (laneWords, given) => makeLanes(laneWords.subarray(0, -1), given.policy),
      current,
      words.log,
    ),
    lockTable: options.lockTable ?? ((lockWords) => new MutexLocks(lockWords, 'map-lock')),
    readTracking: options.readTracking ?? ((trackingWords) => new LocalReadTracking(trackingWords)),
  })
  await runAsync(engine.create(memory, { externalLbasize: options.externalLbasize ?? 512 }))
  const storage = options.layer?.(memory) ?? memory
  const device = await runAsync(
    engine.attach(preempt ? new PreemptingProvider(storage, preemptionRandom(seed)) : storage, {
      lanePolicy: policy,
      laneCount: options.laneCount,
      zeroing: options.zeroing ?? 'flags',
      allowUnsafeLanes: true,
      measureLanes: true,
    }),
  )
  const wanted = { seed, tasks, workers: 1, readers, cpus, operationLimit: operations }
  const plan = planStress(device, device.info.arenas[0]?.externalNlba ?? 0, wanted)
  const laneCount = options.laneCount ?? 256
  const flogWatch = new FlogWatch(memory, device.info, laneCount)
  const startedMs = performance.now()
  const { signal } = options
  const stressed = options.deviceLayer?.(device) ?? device
  const thread =
    options.asThread === true
      ? await stressThread(stressed, { plan, words, worker: 0, current })
      : await stressOneThread(stressed, { plan, words, current, flogWatch, limitMs, signal })
  return makeStressReport({
    plan,
    setting: { image: memory.name, lanes, policy, laneCount, preempt, preemptBeforeLock },
    elapsedMs: performance.now() - startedMs,
    begun: words.operations,
    threads: [thread],
    statistics: device.statistics(),
    bijection: await runAsync(checkBijection(memory, device.info)),
    sequences: flogWatch.found,
  })
}

/** A report without its times. */
export function timeless(report: StressReport): unknown {
  return {
    ...report,
    seconds: 0,
    throughput: undefined,
    laneStatistics: report.laneStatistics.map(({ lane, acquisitions, waits }) => [lane, acquisitions, waits]),
  }
}

/** The same storage with a flush that sleeps until the event loop has turned. */
export function sleeping(inner: PmemProvider): PmemProvider {
  return {
    name: inner.name,
    size: inner.size,
    readOnly: false,
    capabilities: { ...inner.capabilities, mayWait: true, flush: 'sleeps', durableOnWrite: false },
    read: (offset, target) => inner.read(offset, target),
    write: (offset, source) => inner.write(offset, source),
    flush: () =>
      Object.assign(new Promise<void>((resolve) => void setImmediate(resolve)), {
        on: { object: 'provider', kind: 'flush', start: 0, end: inner.size } as const,
      }),
    close: () => inner.close(),
  }
}
