import type { Subject } from './subject.ts'

/** One promise of the contract. */
export interface ConformanceCase {
  /** The section, a colon, and the promise. */
  readonly name: string
  /** Why there is nothing to try on this provider; undefined where there is. */
  readonly skipReason?: (subject: Subject) => string | undefined
  readonly run: (subject: Subject) => Promise<void>
}

export const withoutReopen = ({ canReopen }: Subject): string | undefined =>
  canReopen ? undefined : 'the factory gives no reopen()'

export const withoutCrash = ({ canCrash }: Subject): string | undefined =>
  canCrash ? undefined : 'the factory gives no crash()'

export const withoutSpoil = ({ canSpoil }: Subject): string | undefined =>
  canSpoil ? undefined : 'the factory gives no spoil()'

/** The first reason of several. */
export const anyOf =
  (...reasons: ((subject: Subject) => string | undefined)[]) =>
  (subject: Subject): string | undefined =>
    reasons.map((reason) => reason(subject)).find((reason) => reason !== undefined)

type OptionalMember =
  | 'readInto'
  | 'writeFrom'
  | 'persist'
  | 'persistMany'
  | 'writeThrough'
  | 'writeMany'
  | 'zero'
  | 'badBlocks'
  | 'dataRanges'
  | 'annotate'
  | 'lock'
  | 'mapping'

/** Skips where the provider leaves an optional member to its default. */
export function without(member: OptionalMember): (subject: Subject) => string | undefined {
  return ({ provider }) => (provider[member] === undefined ? `the provider has no ${member}` : undefined)
}
