import { Command } from 'commander'
import { whyUnsafeToWrite } from '@bttkit/btt'
import { PageObserver } from '@bttkit/image-page'
import { commonOptions, declareOperands, takeOperands, writeJson, writeOutput } from '@bttkit/command-line'
import { checkStorage } from '../check-run.ts'
import { countErrorSectors } from '../count-error-sectors.ts'
import { describeInfo } from '../info-text.ts'
import { FINDINGS_FOR_PAGE, HTML_HELP, pageOf } from '../image-page.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { checkPageName, withPageFile } from '../page-file.ts'
import { describeProvider, providerInfo } from '../storage-info.ts'
import { imageOf, withInspection } from '../with-image.ts'

const HELP = `
The image is only read, and shown as it is on the media: nothing is recovered or repaired. Of the storage it says what it promises, and what the
engine makes of that.

Examples:
  btt info disk.img
  btt info disk.img --json | jq .state
  btt info dax:/mnt/pmem/disk.img --json | jq .provider.capabilities.persistBy
  btt info disk.img --html disk.html`

async function run(command: Command): Promise<void> {
  const [image = ''] = takeOperands(command)
  const options = commonOptions(command)
  const target = await imageOf(command, image)
  const { html } = command.opts<{ html?: string }>()
  if (html !== undefined) checkPageName(target, html, undefined)
  await withPageFile(html, (write) =>
    withInspection(target, async (inspection, storage) => {
      const { info } = inspection
      const provider = providerInfo(storage, target.stack.parts(image))
      const refusal = whyUnsafeToWrite(storage)
      const errorSectors = await countErrorSectors(inspection, options)
      if (write !== undefined) {
        const observer = new PageObserver()
        const settings = { listLimit: FINDINGS_FOR_PAGE, observer }
        const checked = await checkStorage(storage, target, options, settings)
        const storageFacts = describeProvider(provider, info, refusal).map(([name, value]) => ({
          name,
          value,
        }))
        await write(pageOf({ command, target, checked, observer, storageFacts }))
      }
      if (options.json) {
        await writeJson({
          ...info,
          errorSectors: 'count' in errorSectors ? errorSectors.count : null,
          provider,
        })
        return
      }
      await writeOutput(describeInfo({ info, errorSectors, provider, refusal }))
    }),
  )
}

/** `btt info`: what an image is, in which state, and what it is on. */
export function infoCommand(): Command {
  const command = new Command('info').description('show what an image is, in which state, and what it is on')
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .option('--html <file>', HTML_HELP)
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
