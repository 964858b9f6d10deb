import { stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { guestPrograms } from './guest-programs.ts'
import { linuxKernel } from './linux-kernel.ts'

/** Programs of the host, and the packages of Debian's that bring them. */
const NEEDED: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  setpriv: 'util-linux',
  'qemu-system-x86_64': 'qemu-system-x86',
}

async function isInPath(program: string): Promise<boolean> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const found = await stat(join(folder, program)).catch(() => undefined)
    if (found?.isFile() === true) return true
  }
  return false
}

async function fetchProblem(packageName: string): Promise<string | undefined> {
  try {
    await linuxKernel(packageName, await guestPrograms())
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Why no guest with this kernel can be started here, or `undefined`. Fetches what is not in the cache yet, for some minutes at most. */
export async function whyUnavailable(packageName: string): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'guests are started by Linux on x86-64 only'
  for (const [program, packageOfIt] of Object.entries(NEEDED)) {
    if (!(await isInPath(program)))
      return `there is no ${program} (apt-get install --no-install-recommends ${packageOfIt})`
  }
  return fetchProblem(packageName)
}
