/** Free blocks whose medium is bad. */
import type { PatchedMutant } from './mutant.ts'

const CLEAR = 'packages/btt/src/clear-free-block.ts'

export const MUTANTS_OF_BAD_MEDIA: readonly PatchedMutant[] = [
  {
    name: 'cleared-outside-the-lane',
    wrong:
      'A writer leaves its lane to clear the bad free block, and takes the lane again afterwards (as in Linux).',
    rule: '13: a bad free block is cleared by the holder of its lane',
    patch: {
      file: CLEAR,
      find: '    const loss = yield* clear(section, arena)\n',
      replace: `    const { lane: left_ } = section
    section.leave()
    const loss = yield* clear(Object.assign(Object.create(section), { lane: left_ }), arena)
    yield* section.enter(left_)
`,
    },
  },
  {
    name: 'cleared-block-unread',
    wrong: 'A bad free block that was cleared is used without a look at whether clearing has helped.',
    rule: '13: what a write stores can be read',
    patch: {
      file: CLEAR,
      find: 'if ((wait = arena.readCleared(lane)) !== undefined) yield section.waitFor(wait)',
      replace: '',
    },
  },
  {
    name: 'bad-block-used',
    wrong: 'A free block that is known to be bad is written like any other.',
    rule: '13: a bad free block is cleared before it is written',
    patch: {
      file: CLEAR,
      find: 'if (!arena.isFreeBlockBad(section.lane)) return\n',
      replace: 'return\n',
    },
  },
  {
    name: 'neighbour-zeroed',
    wrong:
      'Clearing a bad free block zeroes whole units of 512 bytes, and with them what its neighbours have in them.',
    rule: '13: nothing beside the block is stored',
    patch: {
      file: 'packages/btt/src/arena.ts',
      find: `    const zeros = new Uint8Array(internalLbasize)
    return this.storage.write(this.freeBlockOffset(lane), zeros, 0, internalLbasize, 'clear', lane)`,
      replace: `    const start = Math.floor(this.freeBlockOffset(lane) / 512) * 512
    const end = Math.ceil((this.freeBlockOffset(lane) + internalLbasize) / 512) * 512
    return this.storage.write(start, new Uint8Array(end - start), 0, end - start, 'clear', lane)`,
    },
  },
]
