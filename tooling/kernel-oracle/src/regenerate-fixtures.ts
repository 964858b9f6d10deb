/** `pnpm fixtures:regenerate [FOLDER]`: has a kernel and libpmemblk say again what the manifests of their fixtures have, and make the images again. Exit code 1 where something differs. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askAgain, makeAgain, type FixtureVerdict } from './kernel-fixtures.ts'
import { loadLibpmemblk } from './libpmemblk.ts'
import { askPoolsAgain, makePoolsAgain } from './pool-fixtures.ts'
import { DEFAULT_KERNEL } from './start-guest.ts'
import { whyUnavailable } from './why-unavailable.ts'

const LIMIT_MS = 540_000

function report(title: string, verdicts: readonly FixtureVerdict[]): number {
  process.stdout.write(`${title}\n`)
  for (const { name, problems } of verdicts)
    process.stdout.write(`  ${name}: ${problems.length === 0 ? 'the same' : problems.join('; ')}\n`)
  return verdicts.filter(({ problems }) => problems.length > 0).length
}

async function reportPools(folder: string): Promise<number> {
  const libpmemblk = loadLibpmemblk()
  if (libpmemblk === undefined) {
    process.stdout.write(
      'The pools are left out: there is no libpmemblk.so.1 (apt-get install libpmemblk1)\n',
    )
    return 0
  }
  return (
    report('What libpmemblk says of the stored pools', askPoolsAgain(libpmemblk, folder)) +
    report('What libpmemblk makes again, beside the stored pools', await makePoolsAgain(libpmemblk, folder))
  )
}

const kernel = process.env['BTTKIT_KERNEL_PACKAGE'] ?? DEFAULT_KERNEL
const whyNot = await whyUnavailable(kernel)
if (whyNot !== undefined) {
  process.stderr.write(`fixtures:regenerate: ${whyNot}\n`)
  process.exit(2)
}
const [, , kept] = process.argv
if (kept !== undefined) await mkdir(kept, { recursive: true })
const folder = kept ?? (await mkdtemp(join(tmpdir(), 'bttkit-fixtures-')))
try {
  const options = { kernel, folder, limitMs: LIMIT_MS }
  const differing =
    (await reportPools(folder)) +
    report(`What ${kernel} and ndctl say of the stored images`, await askAgain(options)) +
    report(`What ${kernel} makes again, beside the stored images`, await makeAgain(options))
  process.exitCode = differing === 0 ? 0 : 1
} finally {
  if (kept === undefined) await rm(folder, { recursive: true, force: true })
}
