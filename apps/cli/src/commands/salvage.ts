import { Command } from 'commander'
import { commonOptions, declareOperands, takeOperands, writeJson, writeOutput } from '@bttkit/command-line'
import { infoBlocksOf } from '../info-block-argument.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { salvageImage } from '../salvage-run.ts'
import { describeSalvage, jsonOfSalvage } from '../salvage-text.ts'
import { imageOf } from '../with-image.ts'

interface SalvageFlags {
  readonly out: string
  readonly includeMetadata?: true
  readonly infoBlock?: readonly string[]
  readonly force?: true
}

const HELP = `
The image is only read, and need not be one that can be attached. DIR gets
  sectors.img        each sector at its LBA; zeros for what is not there
  unreferenced.img   the blocks that are no sector's for sure: duplicates, old contents, what nobody has
  manifest.json      how each arena is laid out and how that is known, how certain each sector is, what each of these blocks is

Where no info block survives, the layout that fits flog and map best is taken. What is known of it helps, for one arena after the other:
  --info-block sectorSize=4096,nfree=256,offset=4096     or a file of JSON
Values: offset and size of the arena; sectorSize, externalLbasize, internalLbasize, externalNlba, internalNlba, nfree, nextoff, dataoff, mapoff, logoff, info2off, uuid.

Ctrl-C leaves what was got, with a manifest that says that it is not finished. Without a manifest.json nothing is known to be whole.

Exit codes: 0 every sector was got, 1 some were not, or it failed, 2 called wrongly.

Examples:
  btt salvage damaged.img --out rescue
  jq '.arenas[].sectors[] | select(.certainty == "duplicate")' rescue/manifest.json`

async function run(command: Command): Promise<void> {
  const { out, includeMetadata = false, infoBlock = [], force = false } = command.opts<SalvageFlags>()
  const [image = ''] = takeOperands(command)
  const options = commonOptions(command)
  const infoBlocks = await infoBlocksOf(infoBlock)
  const target = await imageOf(command, image)
  const report = await salvageImage(target, { out, includeMetadata, infoBlocks, force }, options)
  if (!report.isComplete) process.exitCode = 1
  if (options.json) await writeJson(jsonOfSalvage(report, out))
  else if (!options.quiet) await writeOutput(describeSalvage(report, out))
}

const append = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), text]

/** `btt salvage`: everything that can be read, from an image that cannot be attached. */
export function salvageCommand(): Command {
  const command = new Command('salvage').description('get everything that can be read out of a damaged image')
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .requiredOption('--out <dir>', 'a new or empty directory to be filled')
    .option(
      '--info-block <values>',
      'what is known of an arena whose info blocks are lost: NAME=VALUE,… or a file',
      append,
    )
    .option('--include-metadata', 'put its metadata behind each sector')
    .option('--force', 'fill a directory that is not empty')
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
