import { Command } from 'commander'
import { commonOptions, declareOperands, takeOperands, withProgress, writeJson } from '@bttkit/command-line'
import { STANDARD_OUTPUT, refuseTerminal, withByteOutput } from '../with-byte-output.ts'
import { exportSectors, exportedSectorBytes } from '../export-image.ts'
import { FAIL, onErrorArgument, type OnError } from '../on-error.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { refuseImageItself } from '../same-file.ts'
import { imageOf, withDevice } from '../with-image.ts'

interface ExportFlags {
  readonly onError?: OnError
  readonly includeMetadata?: true
}

const HELP = `
RAW is overwritten when it exists; a file is made with holes for zeros. When a sector cannot be read, --on-error says what to do:
  fail        stop, and remove RAW if it was made (the default)
  zero        write zeros in its place, and go on
  fill=0xEE   write this byte in its place, metadata included, and go on

Examples:
  btt export disk.img disk.raw
  btt export damaged.img - --on-error zero | gzip > disk.raw.gz`

/** What `--json` prints. */
interface ExportResult {
  readonly image: string
  readonly output: string
  readonly sectorCount: number
  /** Bytes of a sector in the output. */
  readonly sectorBytes: number
  /** Sectors that could not be read and were filled. */
  readonly unreadable: number
}

function warn(command: Command, { unreadable, sectorCount }: ExportResult): void {
  if (unreadable === 0 || commonOptions(command).quiet) return
  process.stderr.write(`btt: ${unreadable} of ${sectorCount} sectors could not be read and were filled\n`)
}

async function run(command: Command): Promise<void> {
  const { onError = FAIL, includeMetadata = false } = command.opts<ExportFlags>()
  const [image = '', raw = ''] = takeOperands(command)
  refuseTerminal(raw)
  const target = await imageOf(command, image)
  if (raw !== STANDARD_OUTPUT) refuseImageItself(target, raw)
  const result = await withDevice(target, 'reading', async (device): Promise<ExportResult> => {
    const { sectorCount } = device
    const sectorBytes = exportedSectorBytes(device, includeMetadata)
    const totalBytes = sectorCount * sectorBytes
    const unreadable = await withProgress(
      commonOptions(command),
      { label: 'exporting', totalBytes },
      (progress) =>
        withByteOutput(raw, totalBytes, (output) =>
          exportSectors(device, output, { onError, includeMetadata }, progress),
        ),
    )
    return { image: device.info.image, output: raw, sectorCount, sectorBytes, unreadable }
  })
  warn(command, result)
  if (commonOptions(command).json && raw !== STANDARD_OUTPUT) await writeJson(result)
}

/** `btt export`: an image's content as a raw disk image. */
export function exportCommand(): Command {
  const command = new Command('export').description("write an image's content to a raw file")
  return declareOperands(command, {
    IMAGE: IMAGE_HELP,
    RAW: 'file or device to be overwritten (-: standard output)',
  })
    .option(
      '--on-error <action>',
      'what to do about a sector that cannot be read: fail, zero or fill=BYTE (default: fail)',
      onErrorArgument,
    )
    .option('--include-metadata', 'put its metadata behind each sector')
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
