import { Command } from 'commander'
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
import { checkLbaRange, piecesOf, type LbaRange } from '../lba-range.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { imageOf, withDevice } from '../with-image.ts'

/** Only map entries change, so these are few bytes. */
const SECTORS_A_PIECE = 2 ** 18

const HELP = `
Only the map changes: the sectors read as zeros, and what they held before stays on the media until their blocks are used again.

Examples:
  btt zero disk.img --lba 7
  btt zero disk.img --lba 0 --count 1024`

async function run(command: Command): Promise<void> {
  const range = command.opts<LbaRange>()
  const [image = ''] = takeOperands(command)
  await withDevice(await imageOf(command, image), 'writing', async (device) => {
    checkLbaRange(device.info, range)
    const totalBytes = range.count * device.sectorSize
    await withProgress(commonOptions(command), { label: 'zeroing', totalBytes }, async (progress) => {
      for (const { lba, count } of piecesOf(range, SECTORS_A_PIECE)) {
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
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
