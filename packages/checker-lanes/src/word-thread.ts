/** One thread of a `ThreadCrew`: runs its part of programs on a token until it is terminated. */
import { parentPort, workerData } from 'node:worker_threads'
import { RunOverError, TokenAtomics } from './token-atomics.ts'
import { loadWordPrograms } from './word-program.ts'
import { WordToken, type RequestKind } from './word-token.ts'

/** What a thread is started with. */
export interface ThreadInput {
  /** Whose part of a program it runs. */
  readonly thread: number
  /** The URL of the module of programs. */
  readonly module: string
  readonly tokens: SharedArrayBuffer
  readonly words: SharedArrayBuffer
}

async function serve({ thread, module, tokens, words }: ThreadInput): Promise<void> {
  const programs = await loadWordPrograms(module)
  const token = new WordToken(tokens, thread)
  const atomics = new TokenAtomics(token, words)
  const run = (): RequestKind => {
    const program = programs[token.readText()]
    atomics.begin(program?.spins)
    try {
      program?.threads[thread]?.(new Int32Array(words, 0, program.wordCount), atomics)
      return 'ended'
    } catch (error) {
      if (error instanceof RunOverError) return 'ended'
      token.writeText(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
      return 'failed'
    }
  }
  parentPort?.postMessage('ready')
  token.nextOrder()
  for (;;) token.request(run())
}

const input: ThreadInput = workerData
await serve(input)
