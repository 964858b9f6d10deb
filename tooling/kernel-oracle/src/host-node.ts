import type { HostProgram } from './initramfs.ts'
import { listedLibraries } from './guest-programs.ts'
import { runProgram } from './run-program.ts'

const LIST_LIMIT_MS = 10_000

/**
 * The Node that runs this, for guests: that of Debian's packages may be too old for what is run there.
 *
 * @throws {Error} where a library of it is missing
 */
export async function hostNode(): Promise<HostProgram> {
  const listing = await runProgram('ldd', [process.execPath], { limitMs: LIST_LIMIT_MS })
  return { name: 'node', path: process.execPath, libraries: listedLibraries(listing) }
}
