/** Zeroing by data. */
import type { PatchedMutant } from './mutant.ts'

const BY_DATA = 'packages/btt/src/zero-by-data.ts'

export const MUTANTS_OF_A_ZEROING: readonly PatchedMutant[] = [
  {
    name: 'zero-entry-left-alone',
    wrong: 'Zeroing by data leaves sectors alone that the map calls zero.',
    rule: 'after zeroing by data no map entry says zero',
    patch: {
      file: BY_DATA,
      find: 'else this.add(at, ++next)',
      replace: `else if (mapState(arena.entryOfLine(section.lane, at - premap)) === 'zero') next++
        else this.add(at, ++next)`,
    },
  },
  {
    name: 'old-data-left',
    wrong: 'Zeroing by data leaves sectors alone that were never written, without a look at their block.',
    rule: 'after zeroing by data the block of each sector is zeros',
    patch: {
      file: BY_DATA,
      find: 'if (next > at) yield* this.compareBlocks(at, next)',
      replace: 'if (next > at) continue',
    },
  },
]
