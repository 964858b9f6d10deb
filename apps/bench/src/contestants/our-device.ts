/** bttkit in one of its settings, on threads of its own. */
import { rm } from 'node:fs/promises'
import type { Image, Stack } from '@bttkit/stack'
import { BenchThread } from '../bench-thread.ts'
import { operationsOf, spanMs, type ThroughputSlice } from '../slice-rate.ts'
import type { Workload } from '../workload/workload.ts'
import { copyDurably } from './copy-durably.ts'
import type { Contestant, RoundResult } from './contestant.ts'
import type { OurThreadAnswer, OurThreadInput, OurThreadTask } from './our-thread.ts'
import { verifyImage } from './verify-image.ts'

export interface OurDeviceOptions {
  readonly name: string
  readonly workload: Workload
  readonly sequence: Uint32Array
  /** Absent: an image in memory. */
  readonly storage?: {
    /** A filled image, of which a copy is made. */
    readonly template: string
    readonly path: string
    /** The image at that path. */
    readonly image: Image
  }
  /** Default: calls that block, one at a time. */
  readonly isAsync?: boolean
  /** Whether it is attached for several threads, also where there is one only. Default: where there are several. */
  readonly isJoinable?: boolean
  readonly laneCount?: number
  readonly env?: Readonly<Record<string, string>>
}

type OurThread = BenchThread<OurThreadTask, OurThreadAnswer>

export class OurDevice implements Contestant {
  readonly kind = 'ours'
  readonly name: string
  private readonly options: OurDeviceOptions
  private readonly stack: Stack
  private readonly ready = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  private threads: readonly OurThread[] = []
  private unitsPerStream = 0

  constructor(stack: Stack, options: OurDeviceOptions) {
    this.stack = stack
    this.options = options
    this.name = options.name
  }

  async prepare(): Promise<void> {
    const { workload, storage } = this.options
    if (storage !== undefined) await copyDurably(storage.template, storage.path)
    this.threads = Array.from({ length: workload.threads }, (_, thread) => this.startThread(thread))
    const [first, ...others] = this.threads
    const answer = await first?.ask({ open: true })
    const share = answer !== undefined && 'share' in answer ? answer.share : undefined
    for (const thread of others) await thread.ask({ open: true, share })
  }

  async run(units: number): Promise<RoundResult> {
    const { threads, depth, unitSectors } = this.options.workload
    const unitsPerStream = Math.ceil(units / threads / depth)
    Atomics.store(this.ready, 0, 0)
    const answers = await Promise.all(this.threads.map((thread) => thread.ask({ run: unitsPerStream })))
    this.unitsPerStream += unitsPerStream
    const slices = answers.filter((answer): answer is ThroughputSlice => 'startNs' in answer)
    const elapsedMs = spanMs(slices)
    return { elapsedMs, value: (elapsedMs * 1e6) / (operationsOf(slices) * unitSectors) }
  }

  /** On the device as it is, and, where it is more than memory, once more on the image that is left when all is closed. */
  async verify(): Promise<void> {
    const { storage, workload, sequence } = this.options
    const { unitsPerStream } = this
    await this.threads[0]?.ask({ verify: unitsPerStream })
    for (const thread of this.threads.toReversed()) await thread.ask({ close: true })
    if (storage === undefined) return
    await verifyImage(this.name, this.stack, storage.path, { workload, sequence, unitsPerStream })
  }

  async end(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.end()))
    const { storage } = this.options
    if (storage !== undefined) await rm(storage.path, { force: true })
  }

  private startThread(thread: number): OurThread {
    const { name, workload, sequence, storage, isAsync = false, laneCount, env } = this.options
    const isJoinable = this.options.isJoinable ?? workload.threads > 1
    const image = storage?.image
    const shape = { image, name, workload, sequence, thread, isAsync, isJoinable, laneCount }
    const input: OurThreadInput = { ...shape, ready: this.ready }
    return new BenchThread('contestants/our-thread', input, env)
  }
}
