import { Command } from 'commander'
import { commonOptions, declareOperands, takeOperands, withProgress, writeJson } from '@bttkit/command-line'
import { STANDARD_INPUT, withByteSource } from '../byte-source.ts'
import { importSectors, importedSectorBytes } from '../import-sectors.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { refuseImageItself } from '../same-file.ts'
import { imageOf, withDevice } from '../with-image.ts'

interface ImportFlags {
  readonly includeMetadata?: true
}

/** What `--json` prints. */
interface ImportResult {
  readonly image: string
  readonly input: string
  /** Sectors that were written or zeroed. */
  readonly sectorCount: number
  /** Bytes of a sector in the input. */
  readonly sectorBytes: number
}

const HELP = `
RAW is a whole number of sectors and at most as large as the device, which must exist (see btt create). Sectors beyond its end stay as they
are. A file that does not fit is refused before anything is written; of standard input that is known only at its end.

Examples:
  btt import disk.raw disk.img
  zcat disk.raw.gz | btt import - disk.img`

async function run(command: Command): Promise<void> {
  const { includeMetadata = false } = command.opts<ImportFlags>()
  const [raw = '', image = ''] = takeOperands(command)
  const target = await imageOf(command, image)
  if (raw !== STANDARD_INPUT) refuseImageItself(target, raw)
  const result = await withDevice(target, 'writing', (device) =>
    withByteSource(raw, async (source): Promise<ImportResult> => {
      const sectorBytes = importedSectorBytes(device, includeMetadata)
      const bytes = await withProgress(
        commonOptions(command),
        { label: 'importing', totalBytes: source.size },
        (progress) => importSectors(device, source, includeMetadata, progress),
      )
      return { image: device.info.image, input: raw, sectorCount: bytes / sectorBytes, sectorBytes }
    }),
  )
  if (commonOptions(command).json) await writeJson(result)
}

/** `btt import`: a raw disk image's content into an image. */
export function importCommand(): Command {
  const command = new Command('import').description('write the content of a raw file into an image')
  return declareOperands(command, { RAW: 'file or device to be read (-: standard input)', IMAGE: IMAGE_HELP })
    .option('--include-metadata', 'expect its metadata behind each sector')
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
