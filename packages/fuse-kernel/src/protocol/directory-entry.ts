import { setU32, setU64 } from './host-words.ts'

/** `struct fuse_dirent`: offsets from its own start. */
const DIRENT = {
  /** u64 */
  ino: 0,
  /** u64: where READDIR continues after this entry. */
  next: 8,
  /** u32, bytes */
  nameLength: 16,
  /** u32: the file type as in the mode, shifted down by 12 */
  type: 20,
  /** The name without a terminator, then zeros up to a multiple of 8. */
  name: 24,
} as const

/** Bytes that an entry of this name takes. */
export function directoryEntryLength(name: Uint8Array): number {
  return (DIRENT.name + name.length + 7) & ~7
}

export interface DirectoryEntry {
  readonly nodeId: number
  readonly name: Uint8Array
  readonly mode: number
}

/** Writes an entry at `at`. `next` is where READDIR continues after it. Returns its length. */
export function writeDirectoryEntry(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  entry: DirectoryEntry,
  next: number,
): number {
  const length = directoryEntryLength(entry.name)
  setU64(view, at + DIRENT.ino, entry.nodeId)
  setU64(view, at + DIRENT.next, next)
  setU32(view, at + DIRENT.nameLength, entry.name.length)
  setU32(view, at + DIRENT.type, entry.mode >>> 12)
  bytes.set(entry.name, at + DIRENT.name)
  bytes.fill(0, at + DIRENT.name + entry.name.length, at + length)
  return length
}
