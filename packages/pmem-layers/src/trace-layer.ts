import type { CallStage, MaybeSleep, PmemProvider, ProviderShare } from '@bttkit/interfaces'
import { onceOver, type CallOutcome } from './following-waits.ts'
import { PassingLayer } from './passing-layer.ts'
import type { CallMethod, ProviderCall } from './provider-call.ts'

/** One call that is over. */
export interface TraceRecord {
  /** From 1, in the order in which the calls began. */
  readonly number: number
  readonly method: CallMethod
  /** What the call is for; absent where nobody told. */
  readonly stage?: CallStage
  /** Absent for a call in no lane, and where nobody told. */
  readonly lane?: number
  /** First byte, of a `writeMany` or `persistMany` that of its first piece; 0 where there is none. */
  readonly offset: number
  /** Bytes of all ranges together; of a flush the size of the storage. */
  readonly length: number
  /** By the layer's clock. */
  readonly startMs: number
  /** When it returned, or its wait was over. */
  readonly endMs: number
  /** The `code` of the failure, or its name where it has none; absent where the call succeeded. */
  readonly error?: string
}

/** Gets each record when the call is over, before its caller goes on. What it throws fails the call. */
export type TraceSink = (record: TraceRecord) => void

export interface TraceOptions {
  readonly sink: TraceSink
  /** Milliseconds, never backwards. Default: `performance.now`. */
  readonly now?: () => number
}

function errorCodeOf(outcome: CallOutcome): { error?: string } {
  if (!outcome.failed) return {}
  const { error } = outcome
  if (!(error instanceof Error)) return { error: typeof error }
  return { error: 'code' in error && typeof error.code === 'string' ? error.code : error.name }
}

/** Writes down every call, those that fail too, but `share`, `badBlocks`, `dataRanges` and `annotate`. A call whose wait nobody waits for has no record. */
export class TraceLayer extends PassingLayer {
  private readonly sink: TraceSink
  private readonly now: () => number
  private calls = 0

  constructor(inner: PmemProvider, { sink, now = () => performance.now() }: TraceOptions) {
    super(inner, { wantsPurpose: true })
    this.sink = sink
    this.now = now
  }

  protected override around({ method, pieces, purpose }: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    const number = ++this.calls
    const offset = pieces[0]?.offset ?? 0
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const begun = { number, method, ...purpose, offset, length, startMs: this.now() }
    const over = (outcome: CallOutcome): void =>
      this.sink({ ...begun, endMs: this.now(), ...errorCodeOf(outcome) })
    return onceOver(run, over, this.name)
  }

  protected override shareOver(): ProviderShare {
    throw new TypeError(
      `${this.name}: a trace is of one thread, because where it goes is a function of that one`,
    )
  }
}
