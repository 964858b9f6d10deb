import { fstatSync, readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { splitDeviceNumber } from './device-number.ts'

/** A process that holds a lock. */
export interface LockHolder {
  readonly pid: number
  /** The program, and its script where it runs one. */
  readonly command: string
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function listNumbers(path: string): string[] | undefined {
  try {
    return readdirSync(path).filter((name) => /^\d+$/.test(name))
  } catch {
    return undefined
  }
}

/**
 * Who took the flock locks on one inode, by the kernel's listing: `1: FLOCK  ADVISORY  WRITE 4491 00:06:94 0 EOF`.
 * Each is a process number, which need not be the holder's: a lock belongs to an open file, and files are handed on.
 */
export function lockTakers(listing: string, inode: string): string[] {
  const line = /\b\d+: FLOCK\s+ADVISORY\s+(?:READ|WRITE)\s+(-?\d+)\s+([0-9a-f]+:[0-9a-f]+:\d+)\s/g
  return [...listing.matchAll(line)].flatMap(([, pid = '', locked]) => (locked === inode ? [pid] : []))
}

/** The file as the kernel's listing writes it: hexadecimal device numbers of at least two digits, decimal inode. */
function inodeInListing(fd: number): string {
  const { dev, ino } = fstatSync(fd, { bigint: true })
  const { major, minor } = splitDeviceNumber(dev)
  const [majorHex, minorHex] = [major, minor].map((part) => part.toString(16).padStart(2, '0'))
  return `${majorHex}:${minorHex}:${ino}`
}

/** What the process runs: of a Node program the script, since "node" alone says little. */
function commandOf(pid: string): string {
  const [program = '', ...args] = (readText(`/proc/${pid}/cmdline`) ?? '').split('\0')
  const name = basename(program)
  const script = name === 'node' ? args.find((arg) => arg !== '' && !arg.startsWith('-')) : undefined
  if (script !== undefined) return `${name} ${basename(script)}`
  return name === '' ? (readText(`/proc/${pid}/comm`) ?? '').trim() : name
}

/** Whether a descriptor of the process holds a lock on the inode; undefined where its descriptors cannot be seen. */
function holdsLock(pid: string, inode: string): boolean | undefined {
  const descriptors = listNumbers(`/proc/${pid}/fdinfo`)
  return descriptors?.some((fd) => lockTakers(readText(`/proc/${pid}/fdinfo/${fd}`) ?? '', inode).length > 0)
}

/**
 * Who has the file locked; undefined where it cannot be known (no /proc, another container).
 *
 * The kernel's list of locks names who took one. That process may have ended since, and its number may be another's by
 * now; so it counts only if one of its descriptors holds the lock, or if it does not let us see them. Otherwise all
 * processes are searched for the descriptor.
 */
export function findLockHolder(fd: number): LockHolder | undefined {
  const inode = inodeInListing(fd)
  const processes = listNumbers('/proc') ?? []
  const takers = lockTakers(readText('/proc/locks') ?? '', inode)
  const pid =
    takers.find((taker) => processes.includes(taker) && holdsLock(taker, inode) !== false) ??
    processes.find((process) => holdsLock(process, inode) === true)
  return pid === undefined ? undefined : { pid: Number(pid), command: commandOf(pid) }
}
