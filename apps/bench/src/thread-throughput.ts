/** What several threads on one image gain. */
import { createStack, type ImageShare } from '@bttkit/stack'
import { BenchThread } from './bench-thread.ts'
import { describeMachine, type Machine } from './machine.ts'
import { openMemoryImage } from './memory-image.ts'
import { median, quantile } from './quantile.ts'
import { SECTOR_BYTES, type SectorOperation } from './sector-work.ts'
import { operationsOf, rateOf, type ThroughputSlice } from './slice-rate.ts'
import type { ThroughputInput, ThroughputTask } from './throughput-worker.ts'

export interface ThroughputOptions {
  readonly sectors: number
  /** Of each setting and operation. */
  readonly seconds: number
  /** Beside 1 and 2. */
  readonly workers: number
}

export interface Throughput {
  readonly medianPerSecond: number
  readonly p10PerSecond: number
  readonly p90PerSecond: number
  /** The median of the ratios to one worker on shared lanes in the same round. */
  readonly ratioToOneWorker: number
  /** Processor time of an operation, the median in microseconds: what it costs, however many others want the processor. */
  readonly cpuMicroseconds: number
}

/** So many workers on lanes for several threads, or one on those for one thread. */
interface Setting {
  readonly lanes: 'mutex' | 'shared'
  readonly workers: number
}

interface SettingThroughput extends Setting {
  readonly write: Throughput
  readonly read: Throughput
}

/** What `--json` prints. */
export interface ThroughputReport {
  readonly benchmark: 'threads'
  readonly machine: Machine
  readonly sectorSize: number
  readonly sectors: number
  readonly rounds: number
  /** Of one operation of one setting in one round. */
  readonly sliceSeconds: number
  readonly settings: readonly SettingThroughput[]
}

type MeasuringThread = BenchThread<ThroughputTask, ThroughputSlice>

const OPERATIONS: readonly SectorOperation[] = ['write', 'read']

const SLICE_MS = 200
const LEAST_ROUNDS = 5

/** What a setting did of one operation in one round. */
interface RoundResult {
  readonly rate: number
  readonly cpuMicroseconds: number
}

/** A setting with the threads that work in it. */
class MeasuredSetting {
  readonly setting: Setting
  readonly rounds: Readonly<Record<SectorOperation, RoundResult[]>> = { write: [], read: [] }
  private readonly threads: readonly MeasuringThread[]
  private readonly ready: Int32Array

  constructor(setting: Setting, threads: readonly MeasuringThread[], ready: Int32Array) {
    this.setting = setting
    this.threads = threads.slice(0, setting.workers)
    this.ready = ready
  }

  async work(operation: SectorOperation, limitMs: number): Promise<RoundResult> {
    Atomics.store(this.ready, 0, 0)
    const { workers } = this.setting
    // That of the whole process, of which only these threads work.
    const before = process.cpuUsage()
    const slices = await Promise.all(
      this.threads.map((thread) => thread.ask({ operation, limitMs, workers })),
    )
    const { user, system } = process.cpuUsage(before)
    return { rate: rateOf(slices), cpuMicroseconds: (user + system) / operationsOf(slices) }
  }

  async takeTurn(sliceMs: number): Promise<void> {
    for (const operation of OPERATIONS) this.rounds[operation].push(await this.work(operation, sliceMs))
  }
}

/** The threads of a run, with the settings that they work in. */
class Run {
  readonly settings: readonly MeasuredSetting[]
  private readonly mutexThread: MeasuringThread
  private readonly sharedThreads: readonly MeasuringThread[]

  constructor(share: ImageShare, { sectors, workers }: ThroughputOptions) {
    const ready = new Int32Array(new SharedArrayBuffer(4))
    const start = (input: Omit<ThroughputInput, 'sectors' | 'ready'>): MeasuringThread =>
      new BenchThread('throughput-worker', { ...input, sectors, ready })
    this.mutexThread = start({ share: undefined })
    this.sharedThreads = Array.from({ length: Math.max(2, workers) }, () => start({ share }))
    const counts = [...new Set([1, 2, workers])].toSorted((a, b) => a - b)
    this.settings = [
      new MeasuredSetting({ lanes: 'mutex', workers: 1 }, [this.mutexThread], ready),
      ...counts.map(
        (count) => new MeasuredSetting({ lanes: 'shared', workers: count }, this.sharedThreads, ready),
      ),
    ]
  }

  /** Fills both images, and lets every thread do all that it will do; nothing of it counts. */
  async warmUp(sliceMs: number): Promise<void> {
    await this.mutexThread.ask({ fill: true })
    await this.sharedThreads[0]?.ask({ fill: true })
    for (const setting of this.settings)
      for (const operation of OPERATIONS) await setting.work(operation, sliceMs)
  }

  async end(): Promise<void> {
    await Promise.all([this.mutexThread, ...this.sharedThreads].map((thread) => thread.end()))
  }
}

function throughputOf(rounds: readonly RoundResult[], roundsOfOne: readonly RoundResult[]): Throughput {
  const rates = rounds.map(({ rate }) => rate)
  return {
    medianPerSecond: median(rates),
    p10PerSecond: quantile(rates, 0.1),
    p90PerSecond: quantile(rates, 0.9),
    ratioToOneWorker: median(rates.map((rate, round) => rate / (roundsOfOne[round]?.rate ?? NaN))),
    cpuMicroseconds: median(rounds.map(({ cpuMicroseconds }) => cpuMicroseconds)),
  }
}

function summarize(settings: readonly MeasuredSetting[]): SettingThroughput[] {
  const one = settings.find(({ setting }) => setting.lanes === 'shared' && setting.workers === 1)
  if (one === undefined) throw new RangeError('one worker is a setting always')
  return settings.map(({ setting, rounds }) => ({
    ...setting,
    write: throughputOf(rounds.write, one.rounds.write),
    read: throughputOf(rounds.read, one.rounds.read),
  }))
}

export async function measureThroughput(options: ThroughputOptions): Promise<ThroughputReport> {
  const machine = describeMachine()
  const limitMs = options.seconds * 1000
  const rounds = Math.max(LEAST_ROUNDS, Math.round(limitMs / SLICE_MS))
  const sliceMs = limitMs / rounds
  const stack = createStack()
  const device = await openMemoryImage(stack, options.sectors, true)
  const run = new Run(stack.shareImage(device), options)
  try {
    await run.warmUp(sliceMs)
    for (let round = 0; round < rounds; round++)
      for (const setting of run.settings) await setting.takeTurn(sliceMs)
  } finally {
    await run.end()
    await device.close()
  }
  return {
    benchmark: 'threads',
    machine,
    sectorSize: SECTOR_BYTES,
    sectors: options.sectors,
    rounds,
    sliceSeconds: sliceMs / 1000,
    settings: summarize(run.settings),
  }
}
