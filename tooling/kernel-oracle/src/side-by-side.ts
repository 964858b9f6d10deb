/** `pnpm bench:kernel [OPERATIONS]`: prints, as a table of Markdown, what an operation costs the Linux driver and us in one guest. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accelerator } from './accelerator.ts'
import { CONTESTANTS, compareSideBySide, type ContestantTimes } from './compare-side-by-side.ts'
import { DEFAULT_KERNEL } from './start-guest.ts'
import { whyUnavailable } from './why-unavailable.ts'

const DEFAULT_OPERATIONS = 2000
/** dd goes through as many sectors, and the devices have some 16000. */
const MOST_OPERATIONS = 10_000
const LIMIT_MS = 540_000

const HEAD = [
  '| 4 KiB, µs an operation | random write | random read | dd, write | dd, read |',
  '| ---------------------- | ------------ | ----------- | --------- | -------- |',
]

function row({ name, randomWriteUs, randomReadUs, ddWriteUs, ddReadUs }: ContestantTimes): string {
  const cells = [randomWriteUs, randomReadUs, ddWriteUs, ddReadUs].map((us) => us?.toFixed(0) ?? '')
  return `| ${[CONTESTANTS.get(name) ?? name, ...cells].join(' | ')} |`
}

const kernel = process.env['BTTKIT_KERNEL_PACKAGE'] ?? DEFAULT_KERNEL
const operations = Number(process.argv[2] ?? DEFAULT_OPERATIONS)
if (!Number.isInteger(operations) || operations < 1 || operations > MOST_OPERATIONS) {
  process.stderr.write(`bench:kernel: the number of operations is from 1 to ${MOST_OPERATIONS}\n`)
  process.exit(2)
}
const whyNot = await whyUnavailable(kernel)
if (whyNot !== undefined) {
  process.stderr.write(`bench:kernel: ${whyNot}\n`)
  process.exit(1)
}
const folder = await mkdtemp(join(tmpdir(), 'bttkit-side-by-side-'))
try {
  const times = await compareSideBySide({ kernel, folder, operations, limitMs: LIMIT_MS })
  process.stdout.write(
    `${kernel}, ${await accelerator()}, ${operations} operations, Node ${process.version}\n\n`,
  )
  process.stdout.write(`${[...HEAD, ...times.map(row)].join('\n')}\n`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
