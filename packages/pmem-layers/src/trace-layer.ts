import type { MaybeSleep, PmemProvider, ProviderShare } from '@bttkit/interfaces'
import { onceOver } from './following-waits.ts'
import { PassingLayer } from './passing-layer.ts'
import type { CallKind, CallMethod, ProviderCall } from './provider-call.ts'

/** One call that is over. */
export interface TraceRecord {
  /** From 1, in the order in which the calls began. */
  readonly number: number
  readonly method: CallMethod
  readonly kind: CallKind
  /** First byte, of a `writeMany` that of its first segment; 0 where there is none. */
  readonly offset: number
  /** Bytes of all ranges together; of a flush the size of the storage. */
  readonly length: number
  /** By the layer's clock. */
  readonly startMs: number
  /** Until the wait was over, where there was one. */
  readonly durationMs: number
  readonly failed: boolean
}

/** Gets each record when the call is over, before its caller goes on. What it throws fails the call. */
export type TraceSink = (record: TraceRecord) => void

export interface TraceOptions {
  readonly sink: TraceSink
  /** Milliseconds, never backwards. Default: `performance.now`. */
  readonly now?: () => number
}

/** Writes down every call but `share`, those that fail too. A call whose wait nobody waits for has no record. */
export class TraceLayer extends PassingLayer {
  private readonly sink: TraceSink
  private readonly now: () => number
  private calls = 0

  constructor(inner: PmemProvider, { sink, now = () => performance.now() }: TraceOptions) {
    super(inner)
    this.sink = sink
    this.now = now
  }

  protected override around({ method, kind, pieces }: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    const number = ++this.calls
    const offset = pieces[0]?.offset ?? 0
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const startMs = this.now()
    return onceOver(run, (failed) => {
      this.sink({ number, method, kind, offset, length, startMs, durationMs: this.now() - startMs, failed })
    })
  }

  protected override shareOver(): ProviderShare {
    throw new TypeError(
      `${this.name}: a trace is of one thread, because where it goes is a function of that one`,
    )
  }
}
