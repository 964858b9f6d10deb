import { CommandError, describeSystemError } from '@bttkit/command-line'

/** Runs something that has to do with a file. What fails is told with its path. @throws {CommandError} */
export async function naming<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    throw new CommandError(`${path}: ${describeSystemError(cause)}`, { cause })
  }
}
