/** A write-back cache: what a flush promises, and which content wins. */
import type { PatchedMutant } from './mutant.ts'

const OPERATIONS = 'packages/write-back/src/write-back-operations.ts'
const COMMITS = 'packages/write-back/src/commits.ts'
const GATHERED = 'packages/write-back/src/gathered-sectors.ts'

export const MUTANTS_OF_A_WRITE_BACK: readonly PatchedMutant[] = [
  {
    name: 'flush-without-a-commit',
    wrong: 'A flush of a write-back cache flushes the device and does not commit what is gathered.',
    rule: 'what was over when a flush began is durable when the flush is over',
    patch: {
      file: OPERATIONS,
      find: `    yield* this.commits.all()
    yield* this.target.sleepable.flush()
`,
      replace: '    yield* this.target.sleepable.flush()\n',
    },
  },
  {
    name: 'flush-joins-the-commit-under-way',
    wrong: 'A flush waits for the commit that is under way, which does not have what was gathered since.',
    rule: 'what was over when a flush began is durable when the flush is over',
    patch: {
      file: COMMITS,
      find: 'this.sectors.hasFresh ? this.begun + 1 : this.begun',
      replace: 'this.begun > this.lastSuccess ? this.begun : this.begun + 1',
    },
  },
  {
    name: 'commit-over-when-it-begins',
    wrong:
      'A commit counts as a success from its beginning on, and who comes meanwhile does not wait for it.',
    rule: 'what was over when a flush began is durable when the flush is over',
    patch: {
      file: COMMITS,
      find: '    const number = ++this.begun\n',
      replace: '    const number = ++this.begun\n    this.lastSuccess = number\n',
    },
  },
  {
    name: 'commit-takes-newer-content-away',
    wrong: 'The end of a commit takes away what was written to its sectors since it began.',
    rule: 'no two commits of one sector at once, and the newer content wins',
    patch: {
      file: GATHERED,
      find: '      this.committing.delete(each)\n',
      replace: '      this.committing.delete(each)\n      this.fresh.delete(each)\n',
    },
  },
  {
    name: 'content-unseen-while-committed',
    wrong: 'Readers do not see what is being committed, and read the device.',
    rule: 'reads see what is gathered',
    patch: {
      file: GATHERED,
      find: 'return this.fresh.get(lba) ?? this.committing.get(lba)',
      replace: 'return this.fresh.get(lba)',
    },
  },
]
