import type { InitialSectors, LaneTable, LaneWaitOptions, Zeroing } from '@bttkit/interfaces'
import type { SectorShape } from '@bttkit/btt-format'
import type { Arena } from './arena.ts'
import type { Counters } from './counters.ts'
import type { LaneBuffers } from './lane-buffers.ts'
import type { OperationGate } from './operation-gate.ts'
import type { Storage } from './storage.ts'

/** What the operations of an attached BTT work on. */
export interface Attachment extends SectorShape {
  readonly storage: Storage
  readonly arenas: readonly [Arena, ...Arena[]]
  readonly sectorCount: number
  readonly lanes: LaneTable
  /** How long an operation waits for a lane. */
  readonly laneWait: LaneWaitOptions
  /** Whether other threads may take part: then an operation may have to wait for one of them at any time. */
  readonly isShared: boolean
  /** Whether readers look up the map under its lock, because a look without it may see an entry torn by another thread. */
  readonly looksUpUnderLock: boolean
  readonly buffers: LaneBuffers
  readonly counters: Counters
  readonly gate: OperationGate
  readonly initialSectors: InitialSectors
  readonly zeroing: Zeroing
  /** Whether nothing at all may be stored. */
  readonly readOnly: boolean
  /** Zeros, one sector's metadata long. */
  readonly noMetadata: Uint8Array
  /** Where the next operation starts to look for a lane. */
  laneHint: number
}

/** The arena of an LBA that is on the device. Devices have one arena for each 512 GiB. */
export function arenaOf(attachment: Attachment, lba: number): Arena {
  let [found] = attachment.arenas
  for (const arena of attachment.arenas) {
    if (arena.firstLba > lba) break
    found = arena
  }
  return found
}
