/** Attaching: what is believed, and how interrupted writes are completed. */
import type { PatchedMutant } from './mutant.ts'

const GROUP = 'packages/btt/src/interrupted-write.ts'

export const MUTANTS_OF_ATTACH: readonly PatchedMutant[] = [
  {
    name: 'flags-not-stripped',
    wrong: 'Flags in the block numbers of a flog are taken for a part of the number.',
    rule: 'both dialects of flags in the flog are understood',
    patch: {
      file: GROUP,
      find: '    freeBlock: stripFlags(newer.oldMap),',
      replace: '    freeBlock: newer.oldMap,',
    },
  },
  {
    name: 'rolled-back',
    wrong:
      'Recovery leaves the map as it is and gives the new block of an interrupted write back to the lane.',
    rule: 'an interrupted write is rolled forward, never back',
    patch: {
      file: 'packages/btt/src/read-flog.ts',
      find: '    pending.push(write)\n',
      replace: '    lanes[lane] = { ...judged, freeBlock: write.block }\n    continue\n',
    },
  },
  {
    name: 'interrupted-write-forgotten',
    wrong: 'Recovery takes the old block of an interrupted write as free, and does not complete the write.',
    rule: 'an interrupted write is rolled forward, never back',
    patch: {
      file: 'packages/btt/src/attach.ts',
      find: '    for (const write of arena.flog.pending) yield* completeWrite(storage, arena, write)\n',
      replace: '',
    },
  },
  {
    name: 'older-entry-taken',
    wrong: 'Of the two entries of a flog group the older one counts.',
    rule: 'the newer flog entry tells which block is free',
    patch: {
      file: GROUP,
      find: 'const newer = which === 0 ? first : second\n',
      replace: 'const newer = which === 0 && second.seq !== 0 ? second : first\n',
    },
  },
  {
    name: 'recovery-without-flush',
    wrong: 'Recovery builds on what a dead process left in flight, without a flush.',
    rule: 'an attach for writing flushes once before it recovers',
    patch: {
      file: 'packages/btt/src/attach.ts',
      find: "  const wait = storage.flush('flog')\n  if (wait !== undefined) yield wait\n",
      replace: '',
    },
  },
  {
    name: 'recovery-not-durable',
    wrong: 'Recovery does not make the map entry durable that it completes.',
    rule: '12: the map entry is durable before its lane writes again',
    patch: {
      file: GROUP,
      find: "  if ((wait = storage.persist(offset, MAP_ENTRY_BYTES, 'map')) !== undefined) yield wait\n",
      replace: '',
    },
  },
  {
    name: 'more-lanes-than-spare-blocks',
    wrong: 'The lanes are counted by the first arena alone.',
    rule: '9: every arena has at least as many flog groups as there are lanes',
    patch: {
      file: 'packages/btt/src/device-description.ts',
      find: 'const most = btt.arenas.reduce((least, { info }) => Math.min(least, info.nfree), DEFAULT_NFREE)',
      replace: 'const most = Math.min(btt.arenas[0].info.nfree, DEFAULT_NFREE)',
    },
  },
  {
    name: 'backup-offset-of-32-bits',
    wrong: 'The place of the backup info block is read as 32 bits.',
    rule: 'offsets in info blocks have 64 bits',
    patch: {
      file: 'packages/btt-format/src/info-block.ts',
      find: 'info2off: u64(AT.info2off),',
      replace: 'info2off: u32(AT.info2off),',
    },
  },
  {
    name: 'backup-trusted-for-writing',
    wrong: 'An arena for which only its backup info block speaks is written to.',
    rule: 'what cannot be written to safely is attached for reading only',
    patch: {
      file: 'packages/btt/src/find-btt.ts',
      find: 'doubts: [doubt, ...misplaced, ...fromBackup.doubts],',
      replace: 'doubts: [...misplaced, ...fromBackup.doubts],',
    },
  },
]
