import type { CallStage } from '@bttkit/interfaces'
import type { CallPiece, ProviderCall } from './provider-call.ts'

export const FAULT_KINDS = ['read', 'write', 'flush'] as const
export const FAULT_EFFECTS = ['error', 'short', 'torn', 'crash', 'delay'] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

/**
 * What happens to a call. It fails, but for `delay`.
 *
 * - `error`: nothing else. Nothing of a write is stored.
 * - `short`: of a write, the beginning is stored.
 * - `crash`: nothing of it is done, and all later calls but the close fail too.
 * - `torn`: as `crash`, but the beginning of the write is stored.
 * - `delay`: the call sleeps before it is made.
 */
export type FaultEffect = (typeof FAULT_EFFECTS)[number]

/** Calls by their number, from 1. */
export interface CallNumbers {
  readonly first: number
  /** Default: all from the first on. */
  readonly last?: number
}

/** A fault, and the conditions under which a call meets it: all those that are given. */
export interface FaultRule {
  readonly on: FaultKind
  readonly effect: FaultEffect
  /** Only calls with these numbers, of those that meet the conditions of kind, range, stage and lane. One number: only that call. Default: each. */
  readonly nth?: number | CallNumbers
  /** Only calls that touch a byte of this range. Default: from byte 0. */
  readonly offset?: number
  /** Default: to the end. */
  readonly length?: number
  /** Only calls that the provider was told to be for this: see `PmemProvider.annotate`. Never a call of which nobody told. */
  readonly stage?: CallStage
  /** Only calls that the provider was told to be in this lane. */
  readonly lane?: number
  /** From 0 to 1, for each call that the rest allows. Default 1. */
  readonly probability?: number
  /** What the failure says. Default `EIO`. */
  readonly errno?: string
  /** How many bytes of a short or torn write are stored; the whole of a shorter write. Default: by the seed, and where the provider says that writes may tear. */
  readonly storedBytes?: number
  /** How long the call of a `delay`, which needs it, sleeps: whole milliseconds. */
  readonly delayMs?: number
}

/** A rule and what it has seen. Each has random numbers of its own, so that rules do not disturb each other. */
export class ArmedRule {
  readonly rule: FaultRule
  /** From 0 to below 1. */
  readonly random: () => number
  private readonly numbers: Required<CallNumbers>
  private seen = 0

  constructor(rule: FaultRule, random: () => number) {
    this.rule = rule
    this.random = random
    this.numbers = numbersOf(rule)
  }

  /** Counts a call, and says whether the fault happens. To be asked once a call. */
  strikes(call: ProviderCall): boolean {
    if (!this.isAbout(call)) return false
    this.seen++
    if (this.seen < this.numbers.first || this.seen > this.numbers.last) return false
    return this.random() < (this.rule.probability ?? 1)
  }

  private isAbout({ kinds, pieces, purpose }: ProviderCall): boolean {
    const { on, stage, lane } = this.rule
    if (!kinds.includes(on)) return false
    if (stage !== undefined && purpose?.stage !== stage) return false
    if (lane !== undefined && purpose?.lane !== lane) return false
    return pieces.some((piece) => this.touches(piece))
  }

  private touches({ offset, length }: CallPiece): boolean {
    const from = this.rule.offset ?? 0
    const isWhole = this.rule.offset === undefined && this.rule.length === undefined
    return isWhole || (offset < from + (this.rule.length ?? Infinity) && offset + length > from)
  }
}

function numbersOf({ nth = { first: 1 } }: FaultRule): Required<CallNumbers> {
  return typeof nth === 'number' ? { first: nth, last: nth } : { last: Infinity, ...nth }
}
