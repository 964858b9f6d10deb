import { fstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deviceName } from '@bttkit/image-file'
import type { SystemCalls } from './system-calls.ts'

/** sysfs counts sectors of 512 bytes, whatever the device's own are. */
const SYSFS_SECTOR_BYTES = 512

function sizeFromSysfs(fd: number, sysfs: string): number | undefined {
  const device = deviceName(fstatSync(fd, { bigint: true }).rdev)
  try {
    const sectors = readFileSync(join(sysfs, 'dev/block', device, 'size'), 'latin1')
    return Number(sectors) * SYSFS_SECTOR_BYTES
  } catch {
    return undefined
  }
}

function sizeFromProgram(fd: number, system: SystemCalls): number | undefined {
  const { exitCode, stdout } = system.run('blockdev', ['--getsize64', '/proc/self/fd/3'], fd)
  return exitCode === 0 ? Number(stdout) : undefined
}

/** Bytes of an open block device, for which fstat says 0; undefined where nothing on this machine tells. */
export function blockDeviceSize(fd: number, system: SystemCalls, sysfs = '/sys'): number | undefined {
  return system.native?.blockDeviceSize?.(fd) ?? sizeFromSysfs(fd, sysfs) ?? sizeFromProgram(fd, system)
}
