import type { Wait } from '@bttkit/interfaces'
import type { InfoBlock } from '@bttkit/btt-format'
import type { FindingLog } from './finding-log.ts'
import type { ImageReader } from './image-reader.ts'

/** How far a check is, in map entries. The total is 0 until it is known, and grows where a part has to be read again. */
export interface CheckProgress {
  readonly doneEntries: number
  readonly totalEntries: number
}

/** What the parts of a check work with. */
export interface CheckRun {
  readonly reader: ImageReader
  readonly log: FindingLog
  /** Where the driver wants to come in now and then, what to yield. */
  readonly pause: Wait | undefined
  /** Told after each piece of a map. */
  readonly onEntries: (entries: number) => void
  /** Told before the entries are read that `onEntries` will tell of. */
  readonly expectEntries: (entries: number) => void
}

/** For a part of a check that is on its own: nobody is told how far it is, and it is not left. */
export function bareRun(reader: ImageReader, log: FindingLog): CheckRun {
  return { reader, log, pause: undefined, onEntries: () => undefined, expectEntries: () => undefined }
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
