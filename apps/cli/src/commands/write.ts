import { Command } from 'commander'
import {
  commonOptions,
  CommandError,
  declareOperands,
  lbaArgument,
  takeOperands,
  withProgress,
  writeJson,
  type Progress,
} from '@bttkit/command-line'
import type { BttDevice } from '@bttkit/interfaces'
import { STANDARD_INPUT, withByteSource, type ByteSource } from '../byte-source.ts'
import { eventLoopTurn } from '../event-loop-turn.ts'
import { refuseBrokenSector } from '../import-sectors.ts'
import { checkLbaRange, piecesOf, sectorsAPiece } from '../lba-range.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { refuseImageItself } from '../same-file.ts'
import { spool } from '../spool.ts'
import { imageOf, withDevice } from '../with-image.ts'

interface WriteFlags {
  readonly lba: number
  readonly input: string
}

const HELP = `
The input is a whole number of sectors and fits on the device, or nothing is written. Each sector is written as a unit and durable when the
command is over. The sectors' metadata becomes zeros.

Examples:
  btt write disk.img --lba 0 -i boot.bin
  head -c 4096 /dev/urandom | btt write disk.img --lba 7`

/** Writes a source whose size is known. */
async function writeSectors(
  device: BttDevice,
  firstLba: number,
  source: ByteSource,
  size: number,
  progress: Progress,
): Promise<void> {
  const { sectorSize } = device
  const most = Math.min(sectorsAPiece(sectorSize), size / sectorSize)
  const bytes = new Uint8Array(most * sectorSize)
  for (const { lba, count } of piecesOf({ lba: firstLba, count: size / sectorSize }, most)) {
    const piece = bytes.subarray(0, count * sectorSize)
    if ((await source.read(piece)) < piece.length) {
      throw new CommandError(
        `${source.name}: became shorter while it was read; the sectors before LBA ${lba} are written`,
      )
    }
    await device.write(lba, piece)
    progress.update((lba + count - firstLba) * sectorSize)
    await eventLoopTurn()
  }
}

/** Judges a source before anything is written; returns its size. */
function checkedSize(device: BttDevice, lba: number, { name, size = 0 }: ByteSource): number {
  if (size === 0) throw new CommandError(`${name}: is empty`)
  // What is too long may not have been read to its end; its last sector says nothing then.
  checkLbaRange(device.info, { lba, count: Math.ceil(size / device.sectorSize) })
  refuseBrokenSector(name, size, device.sectorSize)
  return size
}

async function run(command: Command): Promise<void> {
  const { lba, input } = command.opts<WriteFlags>()
  const [image = ''] = takeOperands(command)
  const target = await imageOf(command, image)
  if (input !== STANDARD_INPUT) refuseImageItself(target, input)
  const count = await withDevice(target, 'writing', async (device) => {
    checkLbaRange(device.info, { lba, count: 1 })
    return withByteSource(input, async (opened) => {
      const source =
        opened.size === undefined
          ? await spool(opened, (device.sectorCount - lba) * device.sectorSize)
          : opened
      try {
        const totalBytes = checkedSize(device, lba, source)
        await withProgress(commonOptions(command), { label: 'writing', totalBytes }, (progress) =>
          writeSectors(device, lba, source, totalBytes, progress),
        )
        return totalBytes / device.sectorSize
      } finally {
        if (source !== opened) await source.close()
      }
    })
  })
  if (commonOptions(command).json) await writeJson({ image, lba, count })
}

/** `btt write`: sectors, raw. */
export function writeCommand(): Command {
  const command = new Command('write').description('write sectors, raw, from standard input or a file')
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .requiredOption('--lba <number>', 'the first sector', lbaArgument)
    .option('-i, --input <file>', 'where from (-: standard input)', STANDARD_INPUT)
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
