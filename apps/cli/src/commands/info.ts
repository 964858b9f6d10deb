import { Command } from 'commander'
import { commonOptions, declareOperands, takeOperands, writeJson, writeOutput } from '@bttkit/command-line'
import { tellBtt, tellNamespaces, type Told } from '../inspect-image.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { imageOf, withReadableStorage } from '../with-image.ts'

const HELP = `
The image is only read, and shown as it is on the media: nothing is recovered or repaired. Of the storage it says what it promises, and what the
engine makes of that.

Of an NVDIMM's image with several namespaces each is listed, with what it holds; --namespace shows one of them.

Examples:
  btt info disk.img
  btt info nvdimm.img --namespace data
  btt info disk.img --json | jq .state
  btt info dax:/mnt/pmem/disk.img --json | jq .provider.capabilities.persistBy`

async function run(command: Command): Promise<void> {
  const [image = ''] = takeOperands(command)
  const options = commonOptions(command)
  const target = await imageOf(command, image)
  const { json, text } = await withReadableStorage<Told>(
    target,
    async (storage, opened) => tellBtt(storage, opened, options),
    async (nvdimm, namespaces) => tellNamespaces(nvdimm, namespaces, target, options),
  )
  if (options.json) await writeJson(json)
  else await writeOutput(text)
}

/** `btt info`: what an image is, in which state, and what it is on. */
export function infoCommand(): Command {
  const command = new Command('info').description('show what an image is, in which state, and what it is on')
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
