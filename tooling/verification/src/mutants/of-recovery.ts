/** Recovery of threads that die, and what they leave in which order. */
import type { PatchedMutant } from './mutant.ts'

const RECOVERY = 'packages/btt/src/recover-dead-thread.ts'

const LANES = '    for (const lane of lanes.lanesOf(dead)) yield* this.recoverLane(dead, lane)\n'
const LOCKS = `    for (const { mapLocks } of arenas) {
      for (const lock of mapLocks.locksOf(dead)) if (mapLocks.takeOver(lock, dead)) mapLocks.release(lock)
    }
`
const LEAVE_AND_RELEASE = `    for (const { arena } of arenas) arena.readTracking.leave(lane)
    lanes.release(lane)
`
const RECOVER_AND_LEAVE = `    for (const { arena, mapLocks } of arenas) {
      if (!readOnly && arena.takesWrites) yield* this.recoverFreeBlock(dead, lane, arena, mapLocks)
    }
    if (!lanes.takeOver(lane, dead)) return
${LEAVE_AND_RELEASE}`

export const MUTANTS_OF_RECOVERY: readonly PatchedMutant[] = [
  {
    name: 'dead-stores-not-flushed',
    wrong: 'Recovery builds on what a dead thread left in flight, without a flush.',
    rule: 'what a dead thread stored is durable before anything is built upon it',
    patch: { file: RECOVERY, find: '    yield* this.makeDurable()\n', replace: '' },
  },
  {
    name: 'dead-map-lock-forgotten',
    wrong: 'Recovery does not give back the map locks that a dead thread held.',
    rule: 'all that a dead thread held comes back',
    patch: { file: RECOVERY, find: LOCKS, replace: '' },
  },
  {
    name: 'dead-reader-forgotten',
    wrong: 'Recovery gives a lane back with what its dead holder has left in the read tracking.',
    rule: 'all that a dead thread held comes back',
    patch: { file: RECOVERY, find: LEAVE_AND_RELEASE, replace: '    lanes.release(lane)\n' },
  },
  {
    name: 'dead-operation-counted',
    wrong: 'The operations that a dead thread had under way count as under way for ever.',
    rule: 'all that a dead thread held comes back',
    patch: { file: RECOVERY, find: '    sharedGate.forget(dead)\n', replace: '' },
  },
  {
    name: 'dead-thread-not-buried',
    wrong: 'A dead thread that was recovered keeps its number.',
    rule: 'all that a dead thread held comes back',
    patch: { file: RECOVERY, find: '    registry.bury(dead)\n', replace: '' },
  },
  {
    name: 'dead-lane-returned-early',
    wrong: 'The lane of a dead thread is given back before its interrupted write is in the map.',
    rule: '12: the map is durable before the free list advances and the lane is released',
    patch: {
      file: RECOVERY,
      find: RECOVER_AND_LEAVE,
      replace: `    if (!lanes.takeOver(lane, dead)) return
${LEAVE_AND_RELEASE}    for (const { arena, mapLocks } of arenas) {
      if (!readOnly && arena.takesWrites) yield* this.recoverFreeBlock(dead, lane, arena, mapLocks)
    }
`,
    },
  },
  {
    name: 'dead-map-lock-returned-early',
    wrong: 'The map locks of a dead thread are given back before its interrupted write is in the map.',
    rule: '8: a map entry changes only under its map lock',
    patch: { file: RECOVERY, find: LANES, replace: LOCKS + LANES },
  },
  {
    name: 'dead-map-locks-returned-between-lanes',
    wrong: 'The map locks of a dead thread are given back when the first of its lanes is in order.',
    rule: '8: a map entry changes only under its map lock',
    patch: {
      file: RECOVERY,
      find: LANES,
      replace: `    for (const lane of lanes.lanesOf(dead)) {
      yield* this.recoverLane(dead, lane)
  ${LOCKS.replaceAll('\n', '\n  ').trimEnd()}
    }
`,
    },
  },
  {
    name: 'dead-lanes-but-one-forgotten',
    wrong: 'Recovery puts in order one lane of a dead thread, and no others.',
    rule: 'all that a dead thread held comes back',
    patch: {
      file: RECOVERY,
      find: LANES,
      replace: LANES.replace('lanesOf(dead)', 'lanesOf(dead).slice(0, 1)'),
    },
  },
  {
    name: 'dead-write-forgotten',
    wrong: 'The lane of a dead thread gets the old block of an interrupted write, which is not completed.',
    rule: 'an interrupted write is rolled forward, never back',
    patch: { file: RECOVERY, find: '          yield* completeWrite(storage, arena, write)\n', replace: '' },
  },
  {
    name: 'dead-write-rolled-back',
    wrong:
      'The lane of a dead thread gets the new block of an interrupted write back, and the map stays as it is.',
    rule: 'an interrupted write is rolled forward, never back',
    patch: {
      file: RECOVERY,
      find: '          yield* completeWrite(storage, arena, write)\n',
      replace: '          arena.flog.setLane(lane, write.block, judged.position)\n          return\n',
    },
  },
  {
    name: 'dead-free-list-kept',
    wrong: 'The lane of a dead thread keeps the free block that it had before its last write.',
    rule: '2: each lane owns exactly one free block, and no two lanes the same',
    patch: {
      file: RECOVERY,
      find: '      arena.flog.setLane(lane, judged.freeBlock, judged.position)\n',
      replace: '',
    },
  },
  {
    name: 'dead-buried-early',
    wrong: 'A dead thread is buried before its map locks are given back.',
    rule: 'at any moment of a recovery the state is one that a dead thread can leave',
    patch: {
      file: RECOVERY,
      find: LOCKS,
      replace: `    registry.bury(dead)
    registry.bury = () => {}
${LOCKS}`,
    },
  },
  {
    name: 'dead-reader-forgotten-late',
    wrong: 'Recovery gives a lane back, and after that clears its entry in the read tracking.',
    rule: '4: a read-tracking entry has one writer, the holder of its lane',
    patch: {
      file: RECOVERY,
      find: LEAVE_AND_RELEASE,
      replace: `    lanes.release(lane)
    for (const { arena } of arenas) arena.readTracking.leave(lane)
`,
    },
  },
]
