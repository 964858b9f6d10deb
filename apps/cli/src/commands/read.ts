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
import { STANDARD_OUTPUT, refuseTerminal, withByteOutput } from '../with-byte-output.ts'
import { eventLoopTurn } from '../event-loop-turn.ts'
import { checkLbaRange, piecesOf, sectorsAPiece, type LbaRange } from '../lba-range.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { refuseImageItself } from '../same-file.ts'
import { imageOf, withDevice } from '../with-image.ts'

interface ReadFlags extends LbaRange {
  readonly output: string
}

const HELP = `
A file that exists is overwritten. When a sector cannot be read, a file that was made is removed again.

Examples:
  btt read disk.img --lba 0 | hexdump -C
  btt read disk.img --lba 0x100 --count 8 -o sectors.bin`

async function run(command: Command): Promise<void> {
  const { output: name, ...range } = command.opts<ReadFlags>()
  const [image = ''] = takeOperands(command)
  refuseTerminal(name)
  const target = await imageOf(command, image)
  if (name !== STANDARD_OUTPUT) refuseImageItself(target, name)
  await withDevice(target, 'reading', async (device) => {
    checkLbaRange(device.info, range)
    const totalBytes = range.count * device.sectorSize
    const most = Math.min(sectorsAPiece(device.sectorSize), range.count)
    const bytes = new Uint8Array(most * device.sectorSize)
    await withProgress(commonOptions(command), { label: 'reading', totalBytes }, (progress) =>
      withByteOutput(name, totalBytes, async (output) => {
        for (const { lba, count } of piecesOf(range, most)) {
          const piece = bytes.subarray(0, count * device.sectorSize)
          await device.read(lba, piece)
          await output.write(piece)
          progress.update((lba + count - range.lba) * device.sectorSize)
          await eventLoopTurn()
        }
      }),
    )
  })
  if (commonOptions(command).json && name !== STANDARD_OUTPUT) await writeJson({ image, ...range })
}

/** `btt read`: sectors, raw. */
export function readCommand(): Command {
  const command = new Command('read').description('read sectors, raw, to standard output or a file')
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .requiredOption('--lba <number>', 'the first sector', lbaArgument)
    .option('--count <number>', 'how many sectors', countArgument, 1)
    .option('-o, --output <file>', 'where to (-: standard output)', STANDARD_OUTPUT)
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
