/** `pnpm fixtures:regenerate [FOLDER]`: has a kernel say again what the manifests of its fixtures have, and make the images again. Exit code 1 where something differs. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askAgain, makeAgain, type FixtureVerdict } from './kernel-fixtures.ts'
import { DEFAULT_KERNEL } from './start-guest.ts'
import { whyUnavailable } from './why-unavailable.ts'

const LIMIT_MS = 540_000

function report(title: string, verdicts: readonly FixtureVerdict[]): number {
  process.stdout.write(`${title}\n`)
  for (const { name, problems } of verdicts)
    process.stdout.write(`  ${name}: ${problems.length === 0 ? 'the same' : problems.join('; ')}\n`)
  return verdicts.filter(({ problems }) => problems.length > 0).length
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
    report(`What ${kernel} and ndctl say of the stored images`, await askAgain(options)) +
    report(`What ${kernel} makes again, beside the stored images`, await makeAgain(options))
  process.exitCode = differing === 0 ? 0 : 1
} finally {
  if (kept === undefined) await rm(folder, { recursive: true, force: true })
}
