/** All bugs that are put into the text of modules. Data alone: this is loaded before anything that is to be patched. */
import type { PatchedMutant } from './mutant.ts'
import { MUTANTS_OF_A_BATCH } from './of-a-batch.ts'
import { MUTANTS_OF_A_WRITE } from './of-a-write.ts'
import { MUTANTS_OF_A_WRITE_BACK } from './of-a-write-back.ts'
import { MUTANTS_OF_A_ZEROING } from './of-a-zeroing.ts'
import { MUTANTS_OF_AT_ONCE } from './of-at-once.ts'
import { MUTANTS_OF_ATTACH } from './of-attach.ts'
import { MUTANTS_OF_BAD_MEDIA } from './of-bad-media.ts'
import { MUTANTS_OF_THE_CACHE } from './of-the-cache.ts'
import { MUTANTS_OF_CREATION } from './of-creation.ts'
import { MUTANTS_OF_READERS } from './of-readers.ts'
import { MUTANTS_OF_RECOVERY } from './of-recovery.ts'
import { MUTANTS_OF_SHARED_WORDS } from './of-shared-words.ts'

export const PATCHED_MUTANTS: readonly PatchedMutant[] = [
  ...MUTANTS_OF_A_WRITE,
  ...MUTANTS_OF_A_BATCH,
  ...MUTANTS_OF_A_WRITE_BACK,
  ...MUTANTS_OF_AT_ONCE,
  ...MUTANTS_OF_READERS,
  ...MUTANTS_OF_BAD_MEDIA,
  ...MUTANTS_OF_ATTACH,
  ...MUTANTS_OF_CREATION,
  ...MUTANTS_OF_RECOVERY,
  ...MUTANTS_OF_SHARED_WORDS,
  ...MUTANTS_OF_THE_CACHE,
  ...MUTANTS_OF_A_ZEROING,
]
