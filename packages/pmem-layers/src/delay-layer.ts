import type { MaybeSleep, PmemProvider, ProviderCapabilities, ProviderShare } from '@bttkit/interfaces'
import { layerShare } from './layer-share.ts'
import { PassingLayer } from './passing-layer.ts'
import type { CallKind, ProviderCall } from './provider-call.ts'
import { LONGEST_DELAY_MS, sleepThen } from './sleep-then.ts'

export const DELAY_SCHEME = 'delay'

/** How long each kind of call sleeps before it is made: whole milliseconds, from 0, which is the default and no sleep. */
export interface DelayOptions {
  readonly readDelayMs?: number
  readonly writeDelayMs?: number
  readonly flushDelayMs?: number
}

/** @throws {TypeError} for a delay that is no whole number of milliseconds, from 0, that a timer can have. */
function checkDelay(delayMs: number): void {
  if (Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= LONGEST_DELAY_MS) return
  throw new TypeError(`a call cannot sleep ${delayMs} ms; it is a whole number from 0 to ${LONGEST_DELAY_MS}`)
}

/** A flush that shall sleep is one that has to be asked for. */
function capabilitiesWith(delaysMs: Required<DelayOptions>): Partial<ProviderCapabilities> {
  if (delaysMs.flushDelayMs > 0) return { mayWait: true, flush: 'sleeps', durableOnWrite: false }
  return delaysMs.readDelayMs + delaysMs.writeDelayMs > 0 ? { mayWait: true } : {}
}

/**
 * Reads, writes and flushes sleep, each its own time and side by side, and then are made. A `writeThrough` sleeps for its write and for its flush. They start when
 * somebody waits for them.
 */
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

  protected override around(call: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    const delayMs = call.kinds.reduce((sum, kind) => sum + this.delayOf(kind), 0)
    return delayMs === 0 ? run() : sleepThen(delayMs, call, this.name, run)
  }

  protected override shareOver(shareInner: () => ProviderShare): ProviderShare {
    return layerShare(DELAY_SCHEME, shareInner(), { ...this.delaysMs })
  }

  private delayOf(kind: CallKind): number {
    const { readDelayMs, writeDelayMs, flushDelayMs } = this.delaysMs
    return { read: readDelayMs, write: writeDelayMs, flush: flushDelayMs, lock: 0, close: 0 }[kind]
  }
}
