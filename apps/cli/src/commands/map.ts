import { Command } from 'commander'
import type { Inspection, MapRecord } from '@bttkit/btt'
import {
  commonOptions,
  countArgument,
  declareOperands,
  lbaArgument,
  takeOperands,
  writeOutput,
} from '@bttkit/command-line'
import { runAsync } from '@bttkit/sleepable'
import { JsonArrayWriter } from '../json-array.ts'
import { checkLbaRange, piecesOf, type LbaRange } from '../lba-range.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { imageOf, withInspection } from '../with-image.ts'

interface MapFlags {
  readonly lba: number
  readonly count?: number
}

const ENTRIES_A_PIECE = 2 ** 14

const HELP = `
The raw entry is shown as it is stored. Its states: initial (never written), error (the content is lost), zero, normal. An entry whose
write was interrupted is shown as it was before, unlike btt read; btt flog shows such writes as pending.

Examples:
  btt map disk.img --lba 0 --count 16
  btt map disk.img --json | jq '.[] | select(.state == "error").lba'`

/** Columns as wide as the largest number on the device. */
function rowOf(inspection: Inspection): (record: MapRecord) => string {
  const lbaWidth = Math.max('LBA'.length, String(inspection.info.sectorCount).length)
  const blockWidth = Math.max('block'.length, lbaWidth)
  return ({ lba, raw, state, block, arena }) => {
    const entry = `0x${raw.toString(16).padStart(8, '0')}`
    return `${String(lba).padStart(lbaWidth)}  ${entry}  ${state.padEnd(7)}  ${String(block).padStart(blockWidth)}  ${arena}\n`
  }
}

function headerOf(inspection: Inspection): string {
  const lbaWidth = Math.max('LBA'.length, String(inspection.info.sectorCount).length)
  return `${'LBA'.padStart(lbaWidth)}  entry       state    ${'block'.padStart(Math.max('block'.length, lbaWidth))}  arena\n`
}

async function printMap(inspection: Inspection, range: LbaRange, json: boolean): Promise<void> {
  const array = json ? new JsonArrayWriter() : undefined
  const row = rowOf(inspection)
  if (array === undefined) await writeOutput(headerOf(inspection))
  for (const { lba, count } of piecesOf(range, ENTRIES_A_PIECE)) {
    const records = await runAsync(inspection.readMap(lba, count))
    await (array === undefined ? writeOutput(records.map(row).join('')) : array.write(records))
  }
  await array?.end()
}

async function run(command: Command): Promise<void> {
  const { lba, count: wanted } = command.opts<MapFlags>()
  const [image = ''] = takeOperands(command)
  await withInspection(await imageOf(command, image), async (inspection) => {
    const count = wanted ?? Math.max(0, inspection.info.sectorCount - lba)
    checkLbaRange(inspection.info, { lba, count })
    await printMap(inspection, { lba, count }, commonOptions(command).json)
  })
}

/** `btt map`: the map entries of sectors. */
export function mapCommand(): Command {
  const command = new Command('map').description('show map entries: which block each sector is in')
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .option('--lba <number>', 'the first sector', lbaArgument, 0)
    .option('--count <number>', 'how many sectors (default: all)', countArgument)
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
