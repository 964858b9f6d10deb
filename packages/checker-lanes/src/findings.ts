/** What a thread found: wrong bytes with their culprits, and failures of operations. */
import { isBttkitError } from '@bttkit/interfaces'
import type { Run, Stamp } from './sector-pattern.ts'
import type { StressWords } from './stress-words.ts'

export type MismatchKind =
  /** A mix of several writes, or of none that can be told. */
  | 'torn'
  /** A whole write of another sector. */
  | 'other LBA'
  /** An older write of this sector. */
  | 'stale'
  /** A write that was acknowledged is not there. */
  | 'lost'

export interface TaskName {
  readonly worker: number
  readonly task: number
}

/** Who wrote bytes. */
export interface Culprit extends TaskName {
  /** `null` when the write is too long ago to know. */
  readonly lane: number | null
  readonly generation: number
  readonly lba: number
}

/** Wrong bytes in a sector. */
export interface Mismatch {
  /** How many operations of all workers had begun. On one thread it repeats with the seed. */
  readonly operation: number
  readonly lba: number
  /** Bytes, from the start of the sector. */
  readonly offset: number
  readonly length: number
  readonly kind: MismatchKind
  /** What is there: a write whose culprit is named, zeros, or bytes of no pattern. */
  readonly content: 'write' | 'zeros' | 'unknown'
  readonly reader: TaskName
  /** Of the reader's own write that should be there; `null` for zeros, for bytes of several writes, and in sectors that all tasks write. */
  readonly expectedGeneration: number | null
  /** Whoever wrote what is there; `null` for zeros and for bytes that name nobody. */
  readonly culprit: Culprit | null
}

/** All failures of one kind. */
export interface Failure {
  /** The stable code of an error of bttkit, else the error's name. */
  readonly code: string
  readonly count: number
  /** Of the first. */
  readonly message: string
}

const MOST_MISMATCHES = 20
/** Of one sector: one that is torn has dozens of places, again in every read, and others have something to say, too. */
const MOST_OF_A_SECTOR = 4

export class Findings {
  mismatchCount = 0
  readonly mismatches: Mismatch[] = []
  private readonly failuresByCode = new Map<string, Failure>()
  private readonly words: StressWords
  private readonly tasks: number

  /** @param tasks of a worker */
  constructor(words: StressWords, tasks: number) {
    this.words = words
    this.tasks = tasks
  }

  get failures(): Failure[] {
    return [...this.failuresByCode.values()]
  }

  /** Notes wrong bytes. Of the first ones everything is kept, of the others their number; of a sector only some. */
  mismatch(
    reader: TaskName,
    lba: number,
    run: Run,
    kind: MismatchKind,
    expectedGeneration: number | null = null,
  ): void {
    this.words.countFinding()
    this.mismatchCount++
    if (this.mismatches.length >= MOST_MISMATCHES) return
    if (this.mismatches.filter((kept) => kept.lba === lba).length >= MOST_OF_A_SECTOR) return
    const { offset, length, content } = run
    this.mismatches.push({
      operation: this.words.operations,
      lba,
      offset,
      length,
      kind,
      content: typeof content === 'object' ? 'write' : content,
      reader: { worker: reader.worker, task: reader.task },
      expectedGeneration,
      culprit: typeof content === 'object' ? this.culprit(content) : null,
    })
  }

  failure(error: unknown): void {
    this.failureOf(...describeFailure(error))
  }

  failureOf(code: string, message: string): void {
    this.words.countFinding()
    const before = this.failuresByCode.get(code)
    this.failuresByCode.set(code, {
      code,
      count: (before?.count ?? 0) + 1,
      message: before?.message ?? message,
    })
  }

  private culprit({ worker, task, generation, lba }: Readonly<Stamp>): Culprit {
    const lane = this.words.log.laneOf(worker * this.tasks + task, generation) ?? null
    return { worker, task, lane, generation, lba }
  }
}

/** The code and the words under which an error is reported. */
export function describeFailure(error: unknown): [code: string, message: string] {
  if (isBttkitError(error)) return [error.code, error.message]
  if (error instanceof Error) return [error.name, error.message]
  return ['Error', String(error)]
}
