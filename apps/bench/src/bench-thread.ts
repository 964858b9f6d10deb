/** Worker threads that measure, and are told when: each answers one question at a time. */
import { extname } from 'node:path'
import { Worker, parentPort } from 'node:worker_threads'
import { CommandError, describeError } from '@bttkit/command-line'

type Reply<Answer> = { readonly answer: Answer } | { readonly failed: string }

interface Asker<Answer> {
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** A thread as the main thread sees it. */
export class BenchThread<Question, Answer> {
  private readonly thread: Worker
  private asker: Asker<Answer> | undefined
  /** Why it answers no more. */
  private failure: Error | undefined

  /**
   * @param module a file in this folder, without its extension: it is compiled or not as this one is
   * @param env variables of the thread's own, beside those of the program
   */
  constructor(module: string, workerData: unknown, env: Readonly<Record<string, string>> = {}) {
    this.thread = new Worker(new URL(`${module}${extname(import.meta.url)}`, import.meta.url), {
      workerData,
      env: { ...process.env, ...env },
    })
    this.thread.on('message', (reply: Reply<Answer>) => {
      if ('failed' in reply) this.fail(reply.failed)
      else this.takeAsker()?.resolve(reply.answer)
    })
    this.thread.on('error', (error) => this.fail(describeError(error)))
    this.thread.on('exit', () => this.fail('a measuring thread ended'))
  }

  /** @throws {CommandError} where the thread fails */
  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) {
        reject(this.failure)
        return
      }
      this.asker = { resolve, reject }
      this.thread.postMessage(question)
    })
  }

  async end(): Promise<void> {
    await this.thread.terminate()
  }

  private fail(reason: string): void {
    this.failure ??= new CommandError(reason)
    this.takeAsker()?.reject(this.failure)
  }

  private takeAsker(): Asker<Answer> | undefined {
    const { asker } = this
    this.asker = undefined
    return asker
  }
}

/** The thread's side: tells the main thread what came of its question. Never rejects. */
export async function answerWith<Answer>(work: () => Answer | Promise<Answer>): Promise<void> {
  let message: Reply<Answer>
  try {
    message = { answer: await work() }
  } catch (error) {
    message = { failed: describeError(error) }
  }
  parentPort?.postMessage(message)
}
