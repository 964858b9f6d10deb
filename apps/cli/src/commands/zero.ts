import { Command, Option } from 'commander'
import type { BttDevice, Zeroing } from '@bttkit/interfaces'
import {
  commonOptions,
  countArgument,
  declareOperands,
  lbaArgument,
  takeOperands,
  withProgress,
  writeJson,
} from '@bttkit/command-line'
import { eventLoopTurn } from '../event-loop-turn.ts'
import { checkLbaRange, piecesOf, sectorsAPiece, type LbaRange } from '../lba-range.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { imageOf, withDevice } from '../with-image.ts'

/** By flags only map entries change, so these are few bytes. */
const ENTRIES_A_PIECE = 2 ** 18

const HELP = `
By \`flags\` only the map changes, which is fast: what the sectors held before stays on the media until their blocks are used again. By \`data\` zeros are written, which
the Linux driver needs below sectors of 4096 bytes; sectors that were never written are left alone. The default is what suits the image.

Examples:
  btt zero disk.img --lba 7
  btt zero disk.img --lba 0 --count 1024`

interface ZeroFlags extends LbaRange {
  readonly zeroing?: Zeroing
}

function mostSectors({ zeroing, sectorSize }: BttDevice): number {
  return zeroing === 'flags' ? ENTRIES_A_PIECE : sectorsAPiece(sectorSize)
}

async function run(command: Command): Promise<void> {
  const { zeroing, ...range } = command.opts<ZeroFlags>()
  const [image = ''] = takeOperands(command)
  const target = { ...(await imageOf(command, image)), zeroing }
  await withDevice(target, 'writing', async (device) => {
    checkLbaRange(device.info, range)
    const totalBytes = range.count * device.sectorSize
    await withProgress(commonOptions(command), { label: 'zeroing', totalBytes }, async (progress) => {
      for (const { lba, count } of piecesOf(range, mostSectors(device))) {
        await device.zero(lba, count)
        progress.update((lba + count - range.lba) * device.sectorSize)
        await eventLoopTurn()
      }
    })
  })
  if (commonOptions(command).json) await writeJson({ image, ...range })
}

/** `btt zero`: sectors that read as zeros. */
export function zeroCommand(): Command {
  const command = new Command('zero').description('make sectors read as zeros')
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .requiredOption('--lba <number>', 'the first sector', lbaArgument)
    .option('--count <number>', 'how many sectors', countArgument, 1)
    .addOption(
      new Option('--zeroing <how>', 'by map entries, or by writing zeros').choices(['flags', 'data']),
    )
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
