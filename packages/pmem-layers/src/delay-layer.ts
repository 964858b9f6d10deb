import type {
  MaybeSleep,
  PmemProvider,
  ProviderCapabilities,
  ProviderShare,
  Wait,
  WaitKind,
} from '@bttkit/interfaces'
import { blockOn } from './following-waits.ts'
import { layerShare } from './layer-share.ts'
import { PassingLayer } from './passing-layer.ts'
import type { CallKind, ProviderCall } from './provider-call.ts'

export const DELAY_SCHEME = 'delay'

/** How long each kind of call sleeps before it is made: whole milliseconds, from 0, which is the default and no sleep. */
export interface DelayOptions {
  readonly readDelayMs?: number
  readonly writeDelayMs?: number
  readonly flushDelayMs?: number
}

/** A timer of more milliseconds than this goes off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** @throws {TypeError} for a delay that is no whole number of milliseconds, from 0, that a timer can have. */
function checkDelay(delayMs: number): void {
  if (Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= LONGEST_TIMER_MS) return
  throw new TypeError(`a call cannot sleep ${delayMs} ms; it is a whole number from 0 to ${LONGEST_TIMER_MS}`)
}

/** A flush that shall sleep is one that has to be asked for. */
function capabilitiesWith(delaysMs: Required<DelayOptions>): Partial<ProviderCapabilities> {
  if (delaysMs.flushDelayMs > 0) return { mayWait: true, flush: 'sleeps', durableOnWrite: false }
  return delaysMs.readDelayMs + delaysMs.writeDelayMs > 0 ? { mayWait: true } : {}
}

/** Reads, writes and flushes sleep, each its own time and side by side, and then are made. They start when somebody waits for them. */
export class DelayLayer extends PassingLayer {
  readonly delaysMs: Required<DelayOptions>

  /** @throws {TypeError} for a delay that is none. */
  constructor(inner: PmemProvider, options: DelayOptions = {}) {
    const { readDelayMs = 0, writeDelayMs = 0, flushDelayMs = 0 } = options
    const delaysMs = Object.freeze({ readDelayMs, writeDelayMs, flushDelayMs })
    Object.values(delaysMs).forEach(checkDelay)
    super(inner, { capabilities: capabilitiesWith(delaysMs) })
    this.delaysMs = delaysMs
  }

  protected override around({ kind, pieces }: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    if (kind === 'lock' || kind === 'close') return run()
    const delayMs = this.delayOf(kind)
    if (delayMs === 0) return run()
    const start = pieces.reduce((lowest, { offset }) => Math.min(lowest, offset), this.size)
    const end = pieces.reduce((highest, { offset, length }) => Math.max(highest, offset + length), start)
    return this.sleepThen(delayMs, { kind, start, end }, run)
  }

  protected override shareOver(inner: ProviderShare): ProviderShare {
    return layerShare(DELAY_SCHEME, inner, { ...this.delaysMs })
  }

  private delayOf(kind: Exclude<CallKind, 'lock' | 'close'>): number {
    const { readDelayMs, writeDelayMs, flushDelayMs } = this.delaysMs
    return { read: readDelayMs, write: writeDelayMs, flush: flushDelayMs }[kind]
  }

  /** There is no `ready`: before it has slept, and the inner call is over, nothing knows. */
  private sleepThen(
    delayMs: number,
    on: { kind: WaitKind; start: number; end: number },
    run: () => MaybeSleep,
  ): Wait {
    let begun: Promise<void> | undefined
    const begin = async (): Promise<void> => {
      await new Promise((resolve) => void setTimeout(resolve, delayMs))
      await run()
    }
    return {
      on: { object: 'provider', ...on },
      // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
      then: (...callbacks) => {
        begun ??= begin()
        return begun.then(...callbacks)
      },
      block: () => {
        // Nobody else has this word, so the wait ends when its time is over.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs)
        blockOn(run(), this.name)
      },
    }
  }
}
