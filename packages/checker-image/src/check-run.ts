import type { InfoBlock } from '@bttkit/btt-format'
import type { FindingLog } from './finding-log.ts'
import type { ImageReader } from './image-reader.ts'
import type { MapPasses } from './map-passes.ts'
import type { ImageObserver } from './observe-image.ts'

/** How far a check is, in map entries. The total is 0 until it is known, and grows where a part has to be read again. */
export interface CheckProgress {
  readonly doneEntries: number
  readonly totalEntries: number
}

/** What the parts of a check work with. */
export interface CheckRun {
  readonly reader: ImageReader
  readonly log: FindingLog
  readonly passes: MapPasses
  /** Told what is read. */
  readonly observer?: ImageObserver | undefined
}

/** An arena whose map and flog can be read. */
export interface Arena {
  readonly index: number
  /** Byte of the storage at which it starts. */
  readonly offset: number
  readonly info: InfoBlock
  /** The LBA of the device that its first sector has. */
  readonly firstLba: number
}
