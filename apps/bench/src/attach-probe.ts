/**
 * A process that attaches an image and says how long that took, and how much memory the process had at most until then. Without an image it says what a
 * process takes that only could do so.
 */
import { CommandError, describeError } from '@bttkit/command-line'
import { createStack } from '@bttkit/stack'
import { UnitBuffer } from './workload/unit-buffer.ts'

/** What it prints, as JSON. */
export interface AttachProbe {
  readonly attachNs: number
  readonly maxResidentBytes: number
}

const [mode = 'nothing', path = '', sectorText = '', ...lbas] = process.argv.slice(2)

async function probe(): Promise<AttachProbe> {
  const stack = createStack()
  const startNs = process.hrtime.bigint()
  const device = mode === 'nothing' ? undefined : await stack.openImage(path, { readOnly: mode === 'ro' })
  const attachNs = Number(process.hrtime.bigint() - startNs)
  const { maxRSS } = process.resourceUsage()
  if (device !== undefined) {
    const sectorBytes = Number(sectorText)
    const shape = {
      operation: 'read',
      sectors: 0,
      unitSectors: 1,
      callSectors: 1,
      threads: 1,
      depth: 1,
    } as const
    const buffer = new UnitBuffer({ ...shape, sectorBytes })
    for (const lba of lbas.map(Number)) {
      for (const call of buffer.calls) await device.read(lba, call)
      buffer.checkEnds(lba)
    }
    await device.close()
  }
  return { attachNs, maxResidentBytes: maxRSS * 1024 }
}

try {
  process.stdout.write(JSON.stringify(await probe()))
} catch (error) {
  process.stderr.write(`${describeError(error instanceof Error ? error : new CommandError(String(error)))}\n`)
  process.exitCode = 1
}
