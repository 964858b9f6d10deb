/** What a repair would do, before it does it. */
import type { ByteRange } from '@bttkit/interfaces'
import type { Verdict } from './check-image.ts'
import type { FindingCode, RepairAction } from './finding-kinds.ts'
import type { PassOptions } from './map-passes.ts'

/** How to settle that several sectors have one block where flog and map do not tell whose it is. */
export type DuplicatePolicy =
  /** The sector with the lowest LBA keeps it; the others are marked as lost. */
  | 'first'
  /** All are marked as lost. */
  | 'error'
  /** Each of the others gets a copy of it, so that all read as before. */
  | 'both-readable'

export interface RepairOptions extends PassOptions {
  /** Where the info block of arena 0 is, in bytes; absent: probe. */
  readonly namespaceOffset?: number | undefined
  /** Absent: where it is not known whose a block is, nothing is done. */
  readonly duplicates?: DuplicatePolicy | undefined
  /** Rewrites flogs in slots 0 and 2 for slots 0 and 1. Default false. */
  readonly rewriteLog?: boolean | undefined
  /** Sets versions and clears flags that nobody knows, though a newer program may have meant them. Default: an image that has such is left alone. */
  readonly resetUnknown?: boolean | undefined
  /** Rebuilds info blocks also where none is left. Default false: the storage may have been given to something else on purpose. */
  readonly rebuild?: boolean | undefined
  /** Of a BTT of which no info block is left. Default: a random one. */
  readonly uuid?: string | undefined
}

/** One thing that is done about a finding. */
export interface RepairStep {
  /** Of the finding. */
  readonly code: FindingCode
  readonly repair: RepairAction
  readonly arena?: number
  readonly lane?: number
  readonly lba?: number
  readonly block?: number
  /** Byte of the storage. */
  readonly offset?: number
  /** What is done, for people. */
  readonly message: string
}

/** What a finding calls for and is not done, and what would have to be said to have it done. */
export interface WithheldRepair {
  readonly code: FindingCode
  readonly arena?: number
  readonly lba?: number
  readonly block?: number
  readonly message: string
}

/** Bytes to be stored. */
export interface PlannedStore {
  readonly offset: number
  readonly bytes: Uint8Array
}

/** What may be on the media in any order and in part; it is made durable before the next stage begins. */
export type RepairStage = readonly PlannedStore[]

export interface RepairPlan {
  readonly image: string
  /** Bytes of the storage. */
  readonly size: number
  /** Where the info block of arena 0 is afterwards; absent where there is none. */
  readonly namespaceOffset?: number
  /** Of the BTT, afterwards. */
  readonly uuid?: string
  /** Where everything is that a write of a sector changes: what is around the BTT, info blocks, flogs, maps. */
  readonly metadata: readonly ByteRange[]
  readonly steps: readonly RepairStep[]
  readonly withheld: readonly WithheldRepair[]
  readonly stages: readonly RepairStage[]
  /** What the image is, and what it is when all is done. */
  readonly before: Verdict
  readonly after: Verdict
}
