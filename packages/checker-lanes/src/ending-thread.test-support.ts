/** Programs whose threads end as they are started. */
import { isMainThread } from 'node:worker_threads'
import type { WordPrograms } from './word-program.ts'

if (!isMainThread) process.exit(3)

export const wordPrograms: WordPrograms = {
  nothing: { wordCount: 1, threads: [() => {}], check: () => undefined },
}
