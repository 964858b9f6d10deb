/** Creation. */
import type { PatchedMutant } from './mutant.ts'

const CREATE = 'packages/btt/src/create.ts'

export const MUTANTS_OF_CREATION: readonly PatchedMutant[] = [
  {
    name: 'primary-before-backup',
    wrong: 'The primary info block of an arena is stored before its backup.',
    rule: 'a BTT is there as a whole, or not at all',
    patch: {
      file: CREATE,
      find: 'for (const at of [offset + info2off, offset]) {',
      replace: 'for (const at of [offset, offset + info2off]) {',
    },
  },
  {
    name: 'first-arena-first',
    wrong: 'Arena 0 is made before those behind it.',
    rule: 'a BTT is there as a whole, or not at all',
    patch: {
      file: CREATE,
      find: 'for (const arena of plan.arenas.toReversed()) {',
      replace: 'for (const arena of plan.arenas) {',
    },
  },
  {
    name: 'old-info-blocks-kept',
    wrong: 'Creation over another BTT does not destroy its info blocks first.',
    rule: 'an old info block never speaks for a half-made arena',
    patch: {
      file: CREATE,
      find: '  yield* destroyOldInfoBlocks(storage, plan)\n',
      replace: '',
    },
  },
  {
    name: 'creation-without-flush-of-the-flog',
    wrong: 'Creation stores the info blocks before map and flog are durable.',
    rule: 'a BTT is there as a whole, or not at all',
    patch: {
      file: CREATE,
      find: "  if ((wait = storage.flush('flog')) !== undefined) yield wait\n",
      replace: '',
    },
  },
]
