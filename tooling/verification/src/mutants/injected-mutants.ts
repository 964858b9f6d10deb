/** Bugs in the parts that an engine is composed of, and in the storage under it: nothing of production is changed. */
import type { EngineParts } from '@bttkit/btt'
import { partsWith } from '@bttkit/checker-lanes'
import type { CallStage, LockTable, PmemProvider, ReadTracking } from '@bttkit/interfaces'
import { LeavingOutFlushes } from '../leaving-out-flushes.ts'
import type { Mutant } from './mutant.ts'

/** What an engine is composed of, and what is between it and its storage. */
export interface Injection {
  readonly makeParts: () => EngineParts
  /** The storage that the engine sees in place of the real one. */
  readonly over?: (provider: PmemProvider) => PmemProvider
}

export interface InjectedMutant extends Mutant {
  readonly injection: Injection
}

/** The parts of production, for one thread. */
export const RIGHT_PARTS: Injection = { makeParts: () => partsWith('mutex') }

const OPEN_LOCKS: LockTable = { lockCount: 4, tryAcquire: () => true, *acquire() {}, release: () => {} }

const NO_TRACKING: ReadTracking = {
  enter: () => undefined,
  leave: () => {},
  isRead: () => false,
  anyRead: () => false,
  *waitUntilUnread() {},
}

function withoutFlushOf(stage: CallStage): Injection {
  return { ...RIGHT_PARTS, over: (provider) => new LeavingOutFlushes(provider, stage) }
}

export const INJECTED_MUTANTS: readonly InjectedMutant[] = [
  {
    name: 'no-lane-lock',
    wrong:
      'A lane has no lock: to be on its CPU is enough, though the task can be preempted there (Linux before 6.7, where it could not).',
    rule: '1: at most one task is inside a lane section',
    injection: { makeParts: () => partsWith('spinlock-preemption-off') },
  },
  {
    name: 'recursion-count',
    wrong:
      'A lane is locked only by the first task of its CPU; a second one that preempts it goes in (Linux 6.7, CVE-2026-74365).',
    rule: '1: at most one task is inside a lane section',
    injection: { makeParts: () => partsWith('recursion-count', { cpuCount: 2 }) },
  },
  {
    name: 'owner-spinlock',
    wrong: 'Who holds a lane may take it again (version 1 of the fix for Linux).',
    rule: '1: at most one task is inside a lane section',
    injection: { makeParts: () => partsWith('owner-spinlock') },
  },
  {
    name: 'spinlock-bh',
    wrong:
      'A lane is a spinlock, whose holder must not sleep, and the flush sleeps (version 2 of the fix for Linux).',
    rule: '10: any step may sleep',
    injection: { makeParts: () => partsWith('spinlock-bh') },
  },
  {
    name: 'no-map-lock',
    wrong: 'Everybody gets a map lock at once.',
    rule: '8: a map entry changes only under its map lock',
    injection: { makeParts: () => ({ ...partsWith('mutex'), lockTable: () => OPEN_LOCKS }) },
  },
  {
    name: 'no-read-tracking',
    wrong: 'The read tracking tracks nothing.',
    rule: '5: a block in the read tracking is not written',
    injection: { makeParts: () => ({ ...partsWith('mutex'), readTracking: () => NO_TRACKING }) },
  },
  {
    name: 'no-flush-of-data',
    wrong: 'The flush of the data is left out.',
    rule: '6: the data are durable before flog half 1 is stored',
    injection: withoutFlushOf('data'),
  },
  {
    name: 'no-flush-of-half-0',
    wrong: 'The flush between the halves of a flog entry is left out.',
    rule: '6: half 0 becomes durable before half 1',
    injection: withoutFlushOf('flog half 0'),
  },
  {
    name: 'no-flush-of-half-1',
    wrong: 'The flush after the second half of a flog entry is left out.',
    rule: '6: the flog is durable before the map',
    injection: withoutFlushOf('flog half 1'),
  },
  {
    name: 'no-flush-of-both-halves',
    wrong: 'The one flush of a flog entry, where both halves share it, is left out.',
    rule: '6: the flog is durable before the map',
    injection: withoutFlushOf('flog'),
  },
  {
    name: 'no-flush-of-the-map',
    wrong: 'The flush of the map entry is left out.',
    rule: '6: the map is durable before the free list advances',
    injection: withoutFlushOf('map'),
  },
  {
    name: 'no-flush-of-info-blocks',
    wrong: 'The flushes of info blocks are left out.',
    rule: 'a BTT is there as a whole, or not at all',
    injection: withoutFlushOf('info'),
  },
]
