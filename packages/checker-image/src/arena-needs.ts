import type { Arena } from './check-run.ts'
import type { FindingCode } from './finding-kinds.ts'
import type { ImageFinding } from './finding-log.ts'
import type { FlogGroups } from './flog-groups.ts'
import type { Look } from './look.ts'
import type { RepairDraft } from './repair-draft.ts'
import type { RepairOptions } from './repair-plan.ts'
import type { SectorNeed } from './settle-duplicates.ts'

/** A sector that needs a block, and the finding that says so. */
export interface NeedySector extends SectorNeed {
  readonly code: FindingCode
}

/** A lane that begins anew; without a block of its own it needs one. */
export interface NeedyLane {
  readonly code: FindingCode
  readonly ownBlock?: number | undefined
}

/** A sector that is marked as lost, and keeps its block. */
export interface LostKeeper {
  readonly code: FindingCode
  readonly premap: number
  readonly block: number
}

/** What is known of an arena that is to be repaired, and who needs what. */
export class ArenaNeeds {
  readonly draft: RepairDraft
  readonly arena: Arena
  readonly groups: FlogGroups
  readonly options: RepairOptions
  readonly lanes = new Map<number, NeedyLane>()
  /** By sector of the arena. */
  readonly sectors = new Map<number, NeedySector>()
  readonly lostKeepers: LostKeeper[] = []
  /** Sectors, as LBAs, whose interrupted write cannot be true and is not completed. */
  readonly abandoned = new Set<number>()
  private readonly look: Look

  constructor(draft: RepairDraft, look: Look, arena: Arena, groups: FlogGroups, options: RepairOptions) {
    this.draft = draft
    this.look = look
    this.arena = arena
    this.groups = groups
    this.options = options
  }

  /** The findings of this arena. */
  of(codes: FindingCode | readonly FindingCode[]): readonly ImageFinding[] {
    return this.look.of(codes, this.arena.index)
  }

  /** The sectors of a finding as the arena counts them, without those that keep what they had before. */
  holdersOf({ lba, lbas }: ImageFinding): number[] {
    return (lbas ?? (lba === undefined ? [] : [lba]))
      .filter((one) => !this.abandoned.has(one))
      .map((one) => one - this.arena.firstLba)
  }

  /** The first reason counts. */
  needLane(lane: number, need: NeedyLane): void {
    if (!this.lanes.has(lane)) this.lanes.set(lane, need)
  }

  needSector(code: FindingCode, need: SectorNeed): void {
    this.sectors.set(need.premap, { code, ...need })
  }
}
