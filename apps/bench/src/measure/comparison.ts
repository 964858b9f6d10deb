import type { Contestant } from '../contestants/contestant.ts'

export type Unit = 'ns' | 'MiB'

/** What a contestant has to reach: by the ratio to another one, or, where none is named, by its value itself. */
export interface Goal {
  readonly contestant: string
  readonly to: string | undefined
  readonly is: 'at most' | 'at least'
  readonly limit: number
}

/** Something that several contestants do, round by round in turn, to be compared. */
export interface Comparison {
  readonly suite: string
  readonly name: string
  /** Of the values: nanoseconds a sector, say. */
  readonly unit: Unit
  /** What a value is about: `a sector`. */
  readonly per: string
  readonly contestants: readonly Contestant[]
  /** The name of the contestant that the others are compared with, if it is there. */
  readonly reference: string | undefined
  /** `time`: the value to that of the reference; `throughput`: the other way round, so that more is better. */
  readonly ratio: 'time' | 'throughput'
  readonly goals: readonly Goal[]
  /** The work of a round is a multiple of this, so that all streams have the same. */
  readonly unitStep: number
  /** The most work of a round. Default: no limit. */
  readonly mostUnits?: number
}
