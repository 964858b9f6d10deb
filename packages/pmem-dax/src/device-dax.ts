/** DAX devices (`/dev/dax0.0`): persistent memory without a file system. They have no pages in a cache, and no size but what sysfs says. */
import { readFileSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { deviceName } from '@bttkit/image-file'

/** What sysfs says of a DAX device. */
export interface DeviceDax {
  readonly sizeBytes: number
  /** A mapping begins and ends at multiples of this, in the device and in memory; the kernel finds the place in memory. */
  readonly alignmentBytes: number
}

/** Where sysfs does not say it: the page size that devices have by default. */
const USUAL_ALIGNMENT_BYTES = 2 * 2 ** 20

function numberIn(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'latin1'))
  } catch {
    return undefined
  }
}

function subsystemOf(entry: string): string | undefined {
  try {
    return basename(realpathSync(join(entry, 'subsystem')))
  } catch {
    return undefined
  }
}

/** What is known of a character device; undefined where it is no DAX device, or nothing tells its size. */
export function findDeviceDax(device: bigint, sysfs: string): DeviceDax | undefined {
  const entry = join(sysfs, 'dev/char', deviceName(device))
  if (subsystemOf(entry) !== 'dax') return undefined
  const sizeBytes = numberIn(join(entry, 'size'))
  if (sizeBytes === undefined || !Number.isSafeInteger(sizeBytes)) return undefined
  const alignmentBytes = numberIn(join(entry, 'align')) ?? numberIn(join(entry, 'device/align'))
  return { sizeBytes, alignmentBytes: alignmentBytes ?? USUAL_ALIGNMENT_BYTES }
}
