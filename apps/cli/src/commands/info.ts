import { Command } from 'commander'
import { commonOptions, declareOperands, takeOperands, writeJson, writeOutput } from '@bttkit/command-line'
import { describeInfo } from '../info-text.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { imageOf, withInspection } from '../with-image.ts'

const HELP = `
The image is only read, and shown as it is on the media: nothing is recovered or repaired.

Examples:
  btt info disk.img
  btt info disk.img --json | jq .state`

async function run(command: Command): Promise<void> {
  const [image = ''] = takeOperands(command)
  const info = await withInspection(await imageOf(command, image), async (inspection) => inspection.info)
  if (commonOptions(command).json) await writeJson(info)
  else await writeOutput(describeInfo(info))
}

/** `btt info`: what an image is, and in which state. */
export function infoCommand(): Command {
  const command = new Command('info').description('show what an image is, and in which state')
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
