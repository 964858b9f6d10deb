import type { CallPiece, ProviderCall } from './provider-call.ts'

export const FAULT_KINDS = ['read', 'write', 'flush'] as const
export const FAULT_EFFECTS = ['error', 'short', 'torn', 'crash'] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

/**
 * What happens to a call; in each case it fails.
 *
 * - `error`: nothing else. Nothing of a write is stored.
 * - `short`: of a write, the beginning is stored.
 * - `crash`: nothing of it is done, and all later calls but the close fail too.
 * - `torn`: as `crash`, but the beginning of the write is stored.
 */
export type FaultEffect = (typeof FAULT_EFFECTS)[number]

export interface FaultRule {
  readonly on: FaultKind
  readonly effect: FaultEffect
  /** Only the n-th of the calls of the kind, in the range, from 1. Default: each. */
  readonly nth?: number
  /** Only calls that touch a byte of this range. Default: from byte 0. */
  readonly offset?: number
  /** Default: to the end. */
  readonly length?: number
  /** From 0 to 1, for each call that the rest allows. Default 1. */
  readonly probability?: number
  /** What the failure says. Default `EIO`. */
  readonly errno?: string
  /** How many bytes of a short or torn write are stored; the whole of a shorter write. Default: by the seed, and where the provider says that writes may tear. */
  readonly storedBytes?: number
}

const isCount = (value: number, from: number): boolean => Number.isSafeInteger(value) && value >= from

/** @throws {TypeError} */
function checkFaultRule(rule: FaultRule): void {
  const { on, effect, nth = 1, offset = 0, length = 0, probability = 1, errno = 'EIO', storedBytes } = rule
  const isPartial = effect === 'short' || effect === 'torn'
  const problems: [isWrong: boolean, problem: string][] = [
    [!FAULT_KINDS.includes(on), `there are no faults of '${on}', only of ${FAULT_KINDS.join(', ')}`],
    [!FAULT_EFFECTS.includes(effect), `no fault is '${effect}', only ${FAULT_EFFECTS.join(', ')}`],
    [isPartial && on !== 'write', `only a write can be ${effect}`],
    [storedBytes !== undefined && !isPartial, 'only a short or torn write has stored bytes'],
    [!isCount(nth, 1), `'nth' counts from 1, and cannot be ${nth}`],
    [!isCount(offset, 0) || !isCount(length, 0), 'a range is of whole numbers from 0'],
    [!isCount(storedBytes ?? 0, 0), 'the stored bytes are a whole number from 0'],
    [!(probability >= 0 && probability <= 1), `a probability is from 0 to 1, and not ${probability}`],
    [!/^E[A-Z0-9]+$/.test(errno), `'${errno}' is no errno`],
  ]
  const problem = problems.find(([isWrong]) => isWrong)
  if (problem !== undefined) throw new TypeError(problem[1])
}

/** A rule and what it has seen. Each has random numbers of its own, so that rules do not disturb each other. */
export class ArmedRule {
  readonly rule: FaultRule
  /** From 0 to below 1. */
  readonly random: () => number
  private seen = 0

  /** @throws {TypeError} for a rule that makes no sense. */
  constructor(rule: FaultRule, random: () => number) {
    checkFaultRule(rule)
    this.rule = rule
    this.random = random
  }

  /** Counts a call, and says whether the fault happens. To be asked once a call. */
  strikes({ kind, pieces }: ProviderCall): boolean {
    const { on, nth, probability = 1 } = this.rule
    if (kind !== on || !pieces.some((piece) => this.touches(piece))) return false
    this.seen++
    if (nth !== undefined && this.seen !== nth) return false
    return this.random() < probability
  }

  private touches({ offset, length }: CallPiece): boolean {
    const from = this.rule.offset ?? 0
    const isWhole = this.rule.offset === undefined && this.rule.length === undefined
    return isWhole || (offset < from + (this.rule.length ?? Infinity) && offset + length > from)
  }
}
