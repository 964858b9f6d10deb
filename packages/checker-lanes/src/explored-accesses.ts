/** What the steps of a device scenario touch, in words. */
import { FLOG_GROUP_BYTES, FLOG_HALF_BYTES, MAP_ENTRY_BYTES } from '@bttkit/btt-format'
import type { ArenaInfo } from '@bttkit/interfaces'
import type { Access } from './explore-access.ts'
import { MOST_TASKS } from './explore-schedule.ts'

/** Whatever changes hands with a lane and is looked at and changed without a scheduling point: its free block, its place in the flog, its buffers. */
export const LANE_PROPERTY = 'what the lane owns'
/** The starts (reads) and ends (writes) of operations: for each sector a place for each task. */
export const HISTORY = 'history'

/** The part of an arena at a range of the storage. */
function describeRange(start: number, end: number, arena: ArenaInfo): string {
  const at = start - arena.offset
  if (at >= arena.logoff && at < arena.info2off) {
    const inFlog = at - arena.logoff
    const half = Math.floor((inFlog % FLOG_GROUP_BYTES) / FLOG_HALF_BYTES)
    return `flog of lane ${Math.floor(inFlog / FLOG_GROUP_BYTES)}, half ${half % 2} of slot ${Math.floor(half / 2)}`
  }
  if (at >= arena.mapoff && at < arena.logoff) {
    const lba = Math.floor((at - arena.mapoff) / MAP_ENTRY_BYTES)
    const count = (end - start) / MAP_ENTRY_BYTES
    return count === 1 ? `map of LBA ${lba}` : `map of LBAs ${lba} to ${lba + count - 1}`
  }
  if (at >= arena.dataoff && at < arena.mapoff)
    return `block ${Math.floor((at - arena.dataoff) / arena.internalLbasize)}`
  return `bytes ${start} to ${end - 1}`
}

const TRACKING = {
  read: 'look for readers of',
  acquire: 'wait for readers of',
  write: 'enter',
  release: 'leave',
  flush: 'flush',
}

export function describeDeviceAccess({ object, kind, start, end }: Access, arena: ArenaInfo): string {
  if (object === LANE_PROPERTY) return `in lane ${start}`
  if (object === HISTORY)
    return `${kind === 'read' ? 'starts' : 'ends'} on LBA ${Math.floor(start / MOST_TASKS)}`
  if (object === 'provider') return kind === 'flush' ? 'flush' : `${kind} ${describeRange(start, end, arena)}`
  if (object === 'read-tracking') return `${TRACKING[kind]} block ${start}`
  if (object === 'lane' && end > start + 1) return `${kind} a lane`
  return `${kind} ${object} ${start}`
}
