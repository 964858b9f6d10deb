import { Command } from 'commander'
import { whyUnsafeToWrite } from '@bttkit/btt'
import { commonOptions, declareOperands, takeOperands, writeJson, writeOutput } from '@bttkit/command-line'
import { countErrorSectors } from '../count-error-sectors.ts'
import { describeInfo } from '../info-text.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { providerInfo } from '../storage-info.ts'
import { imageOf, withInspection } from '../with-image.ts'

const HELP = `
The image is only read, and shown as it is on the media: nothing is recovered or repaired. Of the storage it says what it promises, and what the
engine makes of that.

Examples:
  btt info disk.img
  btt info disk.img --json | jq .state
  btt info dax:/mnt/pmem/disk.img --json | jq .provider.capabilities.persistBy`

async function run(command: Command): Promise<void> {
  const [image = ''] = takeOperands(command)
  const options = commonOptions(command)
  const target = await imageOf(command, image)
  const { stack } = target
  await withInspection(target, async (inspection, storage) => {
    const { info } = inspection
    const provider = providerInfo(storage, stack.parts(image))
    const errorSectors = await countErrorSectors(inspection, options)
    if (options.json) {
      await writeJson({
        ...info,
        errorSectors: 'count' in errorSectors ? errorSectors.count : null,
        provider,
      })
      return
    }
    await writeOutput(describeInfo({ info, errorSectors, provider, refusal: whyUnsafeToWrite(storage) }))
  })
}

/** `btt info`: what an image is, in which state, and what it is on. */
export function infoCommand(): Command {
  const command = new Command('info').description('show what an image is, in which state, and what it is on')
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
