/** What a model of power failures has to know: what is not durable yet, and what may become of it. */
import type { Hash } from 'node:crypto'
import type { ProviderCapabilities } from '@bttkit/interfaces'
import type { Content } from './content.ts'
import type { Overlay } from './overlay.ts'

/**
 * What became of one unit of a model. Plain JSON.
 *
 * A unit is a line, a sector or a page, by its first byte, or a write, by its number among those in flight. Version 0 is that nothing that was in
 * flight there is durable; the last version, that everything is.
 */
export interface UnitFate {
  readonly unit: number
  readonly version: number
}

/** Picks one of so many alternatives, by its number from 0 on. */
export type Choose = (count: number) => number

/** What a power failure has left, decided as far as somebody has read it. */
export interface Aftermath extends Content {
  /** How many states are the same for all that was read. */
  stateCount(): bigint
  /** A state that fits: the units that are decided. For those that are not, any version does. */
  fates(): UnitFate[]
}

/** The states that a power failure may leave of what was in flight at one moment. */
export interface FailureStates {
  readonly stateCount: bigint
  /** The units of which something was in flight, each with the number of its versions, in an order that is always the same. */
  units(): Iterable<{ readonly unit: number; readonly versionCount: number }>
  /** `undefined` for a unit of which nothing was in flight. */
  versionCount(unit: number): number | undefined
  /** What is left over these media. The fates are decided beforehand, and valid; `choose` decides the rest. */
  open(media: Content, fates: readonly UnitFate[], choose: Choose): Aftermath
  /** A fate in words. */
  describe(fate: UnitFate): string
  /** Feeds the stores to a hash, as far as their order makes a difference to the states. */
  addTo(hash: Hash): void
}

/** Stores that are not durable yet. */
export interface InFlight {
  /** The bytes do not change afterwards. */
  add(offset: number, bytes: Uint8Array): void
  /** Whether a range can be persisted without the rest. */
  readonly persistsRanges: boolean
  /** What a flush that begins now makes durable: called at its end, it moves that to the media. What is stored in between stays where it is. Of a range, where ranges can be persisted. */
  startFlush(offset: number, length: number): (media: Overlay) => void
  copy(): InFlight
  /** Those of this moment, whatever is added or flushed later. */
  states(): FailureStates
}

/** The rules of one model. */
export interface ModelRules {
  readonly capabilities: ProviderCapabilities
  /** Nothing in flight. */
  start(): InFlight
}
