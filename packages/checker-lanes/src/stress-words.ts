/** What the threads of a run share besides the device: the order to stop, how far each is, the lane log, and what is known of the shared sectors. */
import { LaneLog } from './lane-log.ts'
import { SharedSectors } from './shared-sectors.ts'
import { SHARED_SECTOR_COUNT, taskCountOf, type StressPlan } from './stress-plan.ts'

type Sizes = Pick<StressPlan, 'tasks' | 'workers'>

const AT = { stop: 0, findings: 1, workers: 2 } as const
/** Of each worker. */
const WORKER = { operations: 0, blocks: 1 } as const
const WORKER_WORDS = 2
/** Bytes are counted in these, so that a word is enough for a long run. */
const BLOCK_BYTES = 512

export class StressWords {
  readonly buffer: SharedArrayBuffer
  readonly log: LaneLog
  readonly sharedSectors: SharedSectors
  private readonly words: Int32Array
  private readonly workers: number

  /** @param buffer of another thread's words; default: new ones */
  constructor(sizes: Sizes, buffer?: SharedArrayBuffer) {
    const taskCount = taskCountOf(sizes)
    const headWords = AT.workers + sizes.workers * WORKER_WORDS
    const logWords = LaneLog.wordsFor(taskCount)
    const sectorWords = SharedSectors.wordsFor(SHARED_SECTOR_COUNT, taskCount)
    this.buffer = buffer ?? new SharedArrayBuffer((headWords + logWords + sectorWords) * 4)
    const all = new Int32Array(this.buffer)
    this.workers = sizes.workers
    this.words = all.subarray(0, headWords)
    this.log = new LaneLog(all.subarray(headWords, headWords + logWords))
    this.sharedSectors = new SharedSectors(all.subarray(headWords + logWords), taskCount)
  }

  /** Every task ends after the operation that it makes. */
  stop(): void {
    Atomics.store(this.words, AT.stop, 1)
  }

  get isStopped(): boolean {
    return Atomics.load(this.words, AT.stop) === 1
  }

  /** Counts a mismatch or failure, and returns how many there are. */
  countFinding(): number {
    return Atomics.add(this.words, AT.findings, 1) + 1
  }

  get findings(): number {
    return Atomics.load(this.words, AT.findings)
  }

  countOperation(worker: number): void {
    Atomics.add(this.words, AT.workers + worker * WORKER_WORDS + WORKER.operations, 1)
  }

  countBytes(worker: number, bytes: number): void {
    const blocks = Math.ceil(bytes / BLOCK_BYTES)
    Atomics.add(this.words, AT.workers + worker * WORKER_WORDS + WORKER.blocks, blocks)
  }

  /** Operations that have begun, of all workers. */
  get operations(): number {
    return this.sum(WORKER.operations)
  }

  /** Whether every worker has begun an operation. */
  get haveAllBegun(): boolean {
    for (let worker = 0; worker < this.workers; worker++) {
      if (Atomics.load(this.words, AT.workers + worker * WORKER_WORDS + WORKER.operations) === 0) return false
    }
    return true
  }

  /** Bytes read and written by all workers, about. */
  get bytesMoved(): number {
    return this.sum(WORKER.blocks) * BLOCK_BYTES
  }

  private sum(word: number): number {
    let sum = 0
    for (let worker = 0; worker < this.workers; worker++)
      sum += Atomics.load(this.words, AT.workers + worker * WORKER_WORDS + word) >>> 0
    return sum
  }
}
