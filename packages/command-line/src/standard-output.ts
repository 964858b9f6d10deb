/** Writing to standard output, at the pace of whoever reads it. */
import { describeSystemError } from './describe-error.ts'
import { CommandError } from './failures.ts'

/** Nobody reads standard output any more. Whoever stopped had enough (`| head`): there is nothing to report. */
export class OutputClosedError extends Error {
  override readonly name = 'OutputClosedError'
}

let guarded = false

/** Failures that somebody who wrote was told of. The stream tells its listeners, too. */
const reported = new WeakSet<Error>()

/**
 * Without a listener, a failure to write would end the program with a stack trace. That nobody reads is no failure; another one, as of a
 * full disk, is reported here if nobody waited for the write.
 *
 * @param onFailure is told of the latter
 */
export function guardStandardStreams(onFailure: (error: Error) => void): void {
  if (guarded) return
  guarded = true
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && !reported.has(error)) onFailure(error)
  })
  // There is nowhere to report this.
  process.stderr.on('error', () => undefined)
}

/**
 * Writes to standard output. The chunk must not change until the promise is settled.
 *
 * @throws {OutputClosedError} when nobody reads it any more
 */
export function writeOutput(chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(chunk, (error) => {
      if (error === null || error === undefined) {
        resolve()
        return
      }
      reported.add(error)
      const isClosed = (error as NodeJS.ErrnoException).code === 'EPIPE'
      if (isClosed) reject(new OutputClosedError('standard output is closed', { cause: error }))
      else reject(new CommandError(`standard output: ${describeSystemError(error)}`, { cause: error }))
    })
  })
}

/** Prints the result of a command called with `--json`. */
export function writeJson(value: unknown): Promise<void> {
  return writeOutput(`${JSON.stringify(value, undefined, 2)}\n`)
}
