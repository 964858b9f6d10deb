import { UsageError, writeOutput } from '@bttkit/command-line'
import type { ByteOutput } from './byte-output.ts'
import { openFileOutput } from './file-output.ts'

export const STANDARD_OUTPUT = '-'

const standardOutput: ByteOutput = {
  write: writeOutput,
  finish: async () => undefined,
  abandon: async () => undefined,
}

/** @throws {UsageError} when raw sectors would go to a terminal */
export function refuseTerminal(name: string): void {
  if (name === STANDARD_OUTPUT && process.stdout.isTTY) {
    throw new UsageError('raw sectors are not written to a terminal; name a file, or redirect the output')
  }
}

/**
 * Opens an output for `body`: standard output for `-`, else a file or device. A file is as long as `sizeBytes` says, with holes for zeros. When
 * `body` fails, a file that was made for it is removed.
 *
 * @throws {CommandError} naming the file when it cannot be made or written
 */
export async function withByteOutput<T>(
  name: string,
  sizeBytes: number,
  body: (output: ByteOutput) => Promise<T>,
): Promise<T> {
  const output = name === STANDARD_OUTPUT ? standardOutput : await openFileOutput(name, sizeBytes)
  try {
    const result = await body(output)
    await output.finish()
    return result
  } catch (error) {
    await output.abandon()
    throw error
  }
}
