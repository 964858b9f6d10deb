import { Command } from 'commander'
import { PageObserver } from '@bttkit/image-page'
import type { PmemProvider } from '@bttkit/interfaces'
import { commonOptions, declareOperands, takeOperands, writeJson, writeOutput } from '@bttkit/command-line'
import { checkStorage } from '../check-run.ts'
import { FINDINGS_FOR_PAGE, HTML_HELP, pageOf } from '../image-page.ts'
import { tellBtt, tellNamespaces, type Told } from '../inspect-image.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { checkPageName, withPageFile } from '../page-file.ts'
import { imageOf, withReadableStorage, type OpenedImage } from '../with-image.ts'

const HELP = `
The image is only read, and shown as it is on the media: nothing is recovered or repaired. Of the storage it says what it promises, and what the
engine makes of that.

Of an NVDIMM's image with several namespaces each is listed, with what it holds; --namespace shows one of them.

Examples:
  btt info disk.img
  btt info nvdimm.img --namespace data
  btt info disk.img --json | jq .state
  btt info dax:/mnt/pmem/disk.img --json | jq .provider.capabilities.persistBy
  btt info disk.img --html disk.html`

async function pageFor(
  command: Command,
  storage: PmemProvider,
  opened: OpenedImage,
  { storageFacts = [] }: Told,
): Promise<string> {
  const observer = new PageObserver()
  const settings = { listLimit: FINDINGS_FOR_PAGE, observer }
  const checked = await checkStorage(storage, opened, commonOptions(command), settings)
  return pageOf({ command, target: opened, checked, observer, storageFacts })
}

async function run(command: Command): Promise<void> {
  const [image = ''] = takeOperands(command)
  const options = commonOptions(command)
  const target = await imageOf(command, image)
  const { html } = command.opts<{ html?: string }>()
  if (html !== undefined) checkPageName(target, html, undefined)
  await withPageFile(html, async (write) => {
    const { json, text } = await withReadableStorage<Told>(
      target,
      async (storage, opened) => {
        const told = await tellBtt(storage, opened, options)
        await write?.(await pageFor(command, storage, opened, told))
        return told
      },
      // A page shows one of them.
      write === undefined
        ? async (nvdimm, namespaces) => tellNamespaces(nvdimm, namespaces, target, options)
        : undefined,
    )
    if (options.json) await writeJson(json)
    else await writeOutput(text)
  })
}

/** `btt info`: what an image is, in which state, and what it is on. */
export function infoCommand(): Command {
  const command = new Command('info').description('show what an image is, in which state, and what it is on')
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .option('--html <file>', HTML_HELP)
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
