import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { loadWordPrograms, type WordProgram, type WordPrograms } from './word-program.ts'
import type { ThreadInput } from './word-thread.ts'
import { WordToken } from './word-token.ts'

export interface CrewOptions {
  /** Arguments of Node.js for the threads. Default: those of the process. */
  readonly execArgv?: readonly string[]
}

/** Rejects where the thread fails, or ends, before it is ready. */
async function started(worker: Worker): Promise<void> {
  const isOver = new AbortController()
  const { signal } = isOver
  try {
    const ended = once(worker, 'exit', { signal }).then(([code]) => {
      throw new Error(`a thread ended with code ${String(code)} before it was ready`)
    })
    await Promise.race([once(worker, 'message', { signal }), ended])
  } finally {
    isOver.abort()
  }
}

/** Threads that run the programs of a module again and again, so that a run costs no start of a thread. One run at a time. */
export class ThreadCrew {
  private readonly programs: WordPrograms
  private readonly words: SharedArrayBuffer
  private readonly tokens: readonly WordToken[]
  private readonly workers: readonly Worker[]

  /**
   * Loads the programs and starts as many threads as the largest of them has. They keep the process alive until `end`.
   *
   * @param module exports `wordPrograms`. Rejects where it does not, or a thread cannot load it
   */
  static async start(module: URL, options: CrewOptions = {}): Promise<ThreadCrew> {
    const crew = new ThreadCrew(module, await loadWordPrograms(module.href), options)
    try {
      await Promise.all(crew.workers.map(started))
      return crew
    } catch (error) {
      await crew.end()
      throw error
    }
  }

  private constructor(module: URL, programs: WordPrograms, { execArgv }: CrewOptions) {
    const all = Object.values(programs)
    const threadCount = Math.max(0, ...all.map(({ threads }) => threads.length))
    const wordCount = Math.max(0, ...all.map((program) => program.wordCount))
    const tokens = new SharedArrayBuffer(WordToken.bytesFor(threadCount))
    this.programs = programs
    this.words = new SharedArrayBuffer(wordCount * Int32Array.BYTES_PER_ELEMENT)
    this.tokens = Array.from({ length: threadCount }, (_, thread) => new WordToken(tokens, thread))
    this.workers = this.tokens.map((_, thread) => {
      const workerData: ThreadInput = { thread, module: module.href, tokens, words: this.words }
      // The thread's module lies beside this one, compiled or not. Hooks that the process was started with find its arguments in the thread as well.
      return new Worker(new URL(`word-thread${extname(import.meta.url)}`, import.meta.url), {
        workerData,
        argv: process.argv.slice(2),
        ...(execArgv && { execArgv: [...execArgv] }),
      })
    })
  }

  /** Of the programs, in the order of the module. */
  get names(): string[] {
    return Object.keys(this.programs)
  }

  /** @throws {RangeError} for a program that there is not */
  program(name: string): WordProgram {
    const program = this.programs[name]
    if (program === undefined) throw new RangeError(`there is no program "${name}"`)
    return program
  }

  /** @throws {RangeError} for a thread that there is not */
  token(thread: number): WordToken {
    const token = this.tokens[thread]
    if (token === undefined) throw new RangeError(`there is no thread ${thread}`)
    return token
  }

  /** The words of a new run, all 0. */
  freshWords(count: number): Int32Array {
    return new Int32Array(this.words, 0, count).fill(0)
  }

  /** Ends the threads, whatever they do. */
  async end(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()))
  }
}
