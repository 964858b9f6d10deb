import { Command } from 'commander'
import type { FlogRecord, Inspection } from '@bttkit/btt'
import { FLOG_SLOTS } from '@bttkit/btt-format'
import {
  CommandError,
  commonOptions,
  countArgument,
  declareOperands,
  takeOperands,
  writeOutput,
} from '@bttkit/command-line'
import { runAsync } from '@bttkit/sleepable'
import { JsonArrayWriter } from '../json-array.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { imageOf, withInspection } from '../with-image.ts'

interface FlogFlags {
  readonly lane?: number
}

const HELP = `
Each lane has a group of four slots, of which a BTT uses two. The newer one names the write that came last: the sector (LBA within the arena),
the block that it had before, which is the lane's spare block now, and the one it was written to. A pending write is complete but for its
map entry; attaching completes it.

Examples:
  btt flog disk.img --lane 0
  btt flog disk.img --json | jq '.[] | select(.pending)'`

const HEADER = 'arena  lane  slot  LBA         old         new         seq\n'

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`

/** The slots in use, and the others where there is something in them. */
function rowsOf({ arena, lane, slots, newer, pending }: FlogRecord, inUse: readonly string[]): string {
  let rows = ''
  for (let slot = 0; slot < FLOG_SLOTS; slot++) {
    const entry = slots[slot]
    if (entry === undefined) continue
    const { lba, oldMap, newMap, seq } = entry
    if (!inUse.includes(String(slot)) && (lba | oldMap | newMap | seq) === 0) continue
    const remark = slot !== newer ? '' : pending ? 'newer, pending' : 'newer'
    const place = `${String(arena).padStart(5)}  ${String(lane).padStart(4)}  ${String(slot).padStart(4)}`
    rows += `${place}  ${hex(lba)}  ${hex(oldMap)}  ${hex(newMap)}  ${hex(seq)}  ${remark}`.trimEnd() + '\n'
  }
  return newer === undefined
    ? `${rows}${' '.repeat(13)}the sequence numbers of lane ${lane} do not tell which is newer\n`
    : rows
}

async function printFlog(
  inspection: Inspection,
  records: readonly FlogRecord[],
  json: boolean,
): Promise<void> {
  if (json) {
    const array = new JsonArrayWriter()
    await array.write(records.map((record) => ({ ...record, newer: record.newer ?? null })))
    await array.end()
    return
  }
  const inUse = inspection.info.format.logLayout.split(',')
  await writeOutput(HEADER + records.map((record) => rowsOf(record, inUse)).join(''))
}

async function run(command: Command): Promise<void> {
  const { lane } = command.opts<FlogFlags>()
  const [image = ''] = takeOperands(command)
  await withInspection(await imageOf(command, image), async (inspection) => {
    const { info } = inspection
    const lanes = Math.max(0, ...info.arenas.map((arena) => arena.nfree))
    if (lane !== undefined && lane >= lanes)
      throw new CommandError(`${info.image}: has no lane ${lane}, only ${lanes} lanes`)
    await printFlog(inspection, await runAsync(inspection.readFlog(lane)), commonOptions(command).json)
  })
}

/** `btt flog`: the log of the last writes, lane by lane. */
export function flogCommand(): Command {
  const command = new Command('flog').description('show the flog: the last two writes of each lane')
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .option('--lane <number>', 'this lane only, in all arenas', countArgument)
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
