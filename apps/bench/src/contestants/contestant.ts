/** Whoever is compared: bttkit in one of its settings, a peer, or the least that the work takes on this machine. */

export type ContestantKind = 'ours' | 'peer' | 'limit'

/** What came of a contestant's part of one round. */
export interface RoundResult {
  /** The figure, in the unit of the comparison. */
  readonly value: number
  /** How long the work itself took. */
  readonly elapsedMs: number
}

/** The methods are called in this order, `run` any number of times, and never two at once. Each rejects where it fails. */
export interface Contestant {
  readonly name: string
  readonly kind: ContestantKind
  /** Makes and fills what it works on. */
  prepare(): Promise<void>
  /** Does so much work of the comparison, the next of its sequence. */
  run(units: number): Promise<RoundResult>
  /** Finds out whether all of the work was done, and nothing else. */
  verify(): Promise<void>
  /** Gives up everything; also after a failure, and where it was never prepared. */
  end(): Promise<void>
}
