/** Group commit: what the sectors of a batch share. */
import type { PatchedMutant } from './mutant.ts'

const BATCH = 'packages/btt/src/write-batch.ts'
const GATHERING = 'packages/btt/src/batch-sector.ts'
const DATA = 'packages/btt/src/batch-data.ts'

const STORE_MAP = '    for (const line of lines) yield* storeLine(section, arena, line)\n'
const PERSIST_MAP = `    const wait = arena.persistEntries(firstLane, premap, batch.length)
    if (wait !== undefined) yield section.waitFor(wait)
`
const ADVANCE = '    for (const { lane, old, isBad } of batch) arena.flog.advance(lane, old, isBad)\n'

export const MUTANTS_OF_A_BATCH: readonly PatchedMutant[] = [
  {
    name: 'batch-locks-unordered',
    wrong: 'Some batches take their map locks in ascending order, and others in descending order.',
    rule: '7: map locks are taken in ascending order',
    patch: {
      file: BATCH,
      find: 'return [...locks].toSorted((a, b) => a - b)',
      replace: 'return [...locks].toSorted((a, b) => (lines[0].lane < 2 ? a - b : b - a))',
    },
  },
  {
    name: 'batch-locks-first-only',
    wrong: 'A batch over several map lines takes the lock of the first of them only.',
    rule: '8: a map entry changes only under its map lock',
    patch: {
      file: BATCH,
      find: 'return [...locks].toSorted((a, b) => a - b)',
      replace: 'return [...locks].slice(0, 1)',
    },
  },
  {
    name: 'batch-with-a-sector-twice',
    wrong: 'Two lanes of a batch write the same sector.',
    rule: 'two writes of one sector never share a batch',
    patch: {
      file: GATHERING,
      find: 'batch.push(make(next, batch.length, ',
      replace: 'batch.push(make(next, Math.min(batch.length, 1), ',
    },
  },
  {
    name: 'batch-data-not-durable',
    wrong: 'The data of a batch are not made durable before its flog entries are stored.',
    rule: '6: the data are durable before flog half 1 is stored',
    patch: {
      file: DATA,
      find: `    const wait = storage.persistMany(ranges.list, 'data')
    if (wait !== undefined) yield section.waitFor(wait)
`,
      replace: '',
    },
  },
  {
    name: 'batch-last-data-not-durable',
    wrong: 'Of the data of a batch the last piece is not made durable.',
    rule: '6: the data are durable before flog half 1 is stored',
    patch: {
      file: DATA,
      find: 'for (const { offset, length } of list) ranges.add(offset, length)',
      replace: 'for (const { offset, length } of list.slice(0, -1)) ranges.add(offset, length)',
    },
  },
  {
    name: 'batch-halves-not-apart',
    wrong: 'The flog halves 0 of a batch are not made durable before the halves 1 are stored.',
    rule: '6: half 0 becomes durable before half 1',
    patch: {
      file: BATCH,
      find: 'const wait = section.attachment.storage.persistMany(ranges.list, stage)',
      replace: `if (stage === 'flog half 0') return
  const wait = section.attachment.storage.persistMany(ranges.list, stage)`,
    },
  },
  {
    name: 'batch-flog-not-durable',
    wrong: 'The flog entries of a batch are not made durable before its map entries are stored.',
    rule: '6: the flog is durable before the map',
    patch: {
      file: BATCH,
      find: 'const wait = section.attachment.storage.persistMany(ranges.list, stage)',
      replace: `if (stage !== 'flog half 0') return
  const wait = section.attachment.storage.persistMany(ranges.list, stage)`,
    },
  },
  {
    name: 'batch-map-not-durable',
    wrong: 'The map entries of a batch are not made durable before its lanes are given back.',
    rule: '6: the map is durable before the lane is released',
    patch: { file: BATCH, find: PERSIST_MAP, replace: '' },
  },
  {
    name: 'batch-first-entry-durable',
    wrong: 'Of the map entries of a batch only the first one is made durable.',
    rule: '6: the map is durable before the lane is released',
    patch: {
      file: BATCH,
      find: 'arena.persistEntries(firstLane, premap, batch.length)',
      replace: 'arena.persistEntries(firstLane, premap)',
    },
  },
  {
    name: 'batch-map-before-flog',
    wrong: 'The map entries of a batch are stored and made durable before its flog entries.',
    rule: '6: the flog is durable before the map',
    patch: {
      file: BATCH,
      find: '    yield* storeFlogEntries(section, arena, batch)\n',
      replace: `${STORE_MAP}    const early = arena.persistEntries(firstLane, premap, batch.length)
    if (early !== undefined) yield section.waitFor(early)
    yield* storeFlogEntries(section, arena, batch)
`,
    },
  },
  {
    name: 'batch-free-lists-early',
    wrong:
      'The free lists advance before the map entries of a batch are stored, and a failure of that is no reason to stop.',
    rule: '12: the free list advances only after the map entry is durable',
    patch: {
      file: BATCH,
      find: STORE_MAP,
      replace: `${ADVANCE}    isInDoubt = false\n    try {\n${STORE_MAP}${PERSIST_MAP}    } catch {}\n    return\n`,
    },
  },
  {
    name: 'batch-error-state-forgotten',
    wrong: 'A batch that failed half-way leaves its arena open for more writes.',
    rule: '12: a failure between the first flog store and the durable map entry stops the arena',
    patch: { file: BATCH, find: '    arena.enterErrorState(error)\n', replace: '' },
  },
  {
    name: 'batch-in-a-failed-lane',
    wrong:
      'A batch does not ask again whether the arena takes writes when it has its lanes: one of them may be that of a write that has failed half-way meanwhile.',
    rule: '12: after a failure half-way no free block is written that may be mapped',
    patch: {
      file: BATCH,
      find: `  try {
    arena.assertWritable(premap)
    if (arena.readTracking.anyRead()) {`,
      replace: `  try {
    if (arena.readTracking.anyRead()) {`,
    },
  },
  {
    name: 'batch-last-free-list-kept',
    wrong: 'The last lane of a batch keeps its old free block.',
    rule: '2: each lane owns exactly one free block, and no two lanes the same',
    patch: {
      file: BATCH,
      find: ADVANCE,
      replace: ADVANCE.replace('of batch)', 'of batch.slice(0, -1))'),
    },
  },
  {
    name: 'batch-waits-for-lanes',
    wrong: 'A batch waits for a lane beside the one that it has.',
    rule: '7: nobody waits for a lane while holding one',
    patch: {
      file: BATCH,
      find: '  const batch = gatherBatch(section, arena, request.length, start)\n',
      replace: `  const { lanes } = section.attachment
  const beside = yield* lanes.acquire(section.lane + 1)
  section.beside = [beside, lanes.turnOf(beside)]
  const batch = gatherBatch(section, arena, request.length, start)
`,
    },
  },
  {
    name: 'batch-lanes-given-back-early',
    wrong: 'The lanes of a batch, but one, are given back before it is published.',
    rule: '11: nothing of a lane is touched after its release',
    patch: {
      file: BATCH,
      find: '    yield* publish(section, arena, batch, lines)\n',
      replace: '    section.leaveBeside()\n    yield* publish(section, arena, batch, lines)\n',
    },
  },
  {
    name: 'batch-does-not-wait-for-readers',
    wrong: 'A batch fills the free blocks of its other lanes while somebody still reads them.',
    rule: '5: a block in the read tracking is not written',
    patch: {
      file: BATCH,
      find: 'if (arena.readTracking.isRead(block)) yield* arena.readTracking.waitUntilUnread(block)',
      replace: 'void block',
    },
  },
  {
    name: 'batch-part-without-second-look',
    wrong:
      'A batch does not look whether somebody wrote its partial sectors since their old content was read.',
    rule: '8: a map entry changes only from a value that was read under its lock',
    patch: {
      file: BATCH,
      find: 'if (sector.expected !== ANY_ENTRY && entry !== sector.expected) {',
      replace: 'if (sector.expected === Infinity) {',
    },
  },
  {
    name: 'batch-bad-block-used',
    wrong: 'A batch takes lanes whose free block is known to be bad.',
    rule: '13: a bad free block is cleared before it is written',
    patch: {
      file: GATHERING,
      find: '    if (arena.isFreeBlockBad(lane)) continue\n',
      replace: '',
    },
  },
]
