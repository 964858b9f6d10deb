import { statfsSync } from 'node:fs'

/** By the numbers that statfs(2) tells. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x0102_1994, 'tmpfs'],
  [0x5846_5342, 'xfs'],
  [0x9123_683e, 'btrfs'],
  [0x794c_7630, 'overlayfs'],
  [0x2fc1_2fc1, 'zfs'],
])

/** The name of the file system that a folder is on; its number where the name is not known. ext2 and ext3 have the number of ext4. */
export function fileSystemOf(folder: string): string {
  const { type } = statfsSync(folder)
  return NAMES.get(type) ?? `file system 0x${type.toString(16)}`
}
