/** What the kernel knows to be lost of a block device, by sysfs. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ByteRange } from '@bttkit/interfaces'
import { deviceName } from './device-number.ts'

/** sysfs counts sectors of 512 bytes, whatever the device's own are. */
const SYSFS_SECTOR_BYTES = 512

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

/** A disk as sysfs has it, and the byte of it where the device begins: a partition has no list of its own. */
function diskOf(entry: string): { readonly disk: string; readonly startBytes: number } {
  if (!existsSync(join(entry, 'partition'))) return { disk: entry, startBytes: 0 }
  const start = Number(textOf(join(entry, 'start'))) * SYSFS_SECTOR_BYTES
  return { disk: dirname(realpathSync(entry)), startBytes: start }
}

/** Reads lines of `first count`, in sectors; undefined for anything else. */
function parseList(text: string): ByteRange[] | undefined {
  const ranges: ByteRange[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    const match = /^(\d{1,15}) (\d{1,15})$/.exec(line)
    if (match === null) return undefined
    const [first, count] = [Number(match[1]), Number(match[2])]
    ranges.push({ offset: first * SYSFS_SECTOR_BYTES, length: count * SYSFS_SECTOR_BYTES })
  }
  return ranges
}

/** What of the ranges is within `sizeBytes` from `startBytes` on, as bytes from there; in order, and what touches is one. */
function within(ranges: readonly ByteRange[], startBytes: number, sizeBytes: number): ByteRange[] {
  const found: { offset: number; length: number }[] = []
  for (const range of ranges.toSorted((first, second) => first.offset - second.offset)) {
    const offset = Math.max(0, range.offset - startBytes)
    const end = Math.min(sizeBytes, range.offset + range.length - startBytes)
    if (!(offset < end)) continue
    const last = found.at(-1)
    if (last === undefined || last.offset + last.length < offset) found.push({ offset, length: end - offset })
    else last.length = Math.max(last.length, end - last.offset)
  }
  return found
}

/**
 * The ranges of a block device or partition of which the kernel knows that they are lost: in order, apart, and within the device. Undefined where it
 * keeps no list, as of most disks, and where nobody understands it.
 *
 * @param sysfs where the kernel's sysfs is mounted
 */
export function findBadBlocks(
  device: bigint,
  sizeBytes: number,
  sysfs = '/sys',
): readonly ByteRange[] | undefined {
  const { disk, startBytes } = diskOf(join(sysfs, 'dev/block', deviceName(device)))
  const text = textOf(join(disk, 'badblocks'))
  const ranges = text === undefined ? undefined : parseList(text)
  return ranges && within(ranges, startBytes, sizeBytes)
}
