import { Command } from 'commander'
import type { Verdict } from '@bttkit/checker-image'
import {
  commonOptions,
  declareOperands,
  setExitCodes,
  takeOperands,
  writeJson,
  writeOutput,
} from '@bttkit/command-line'
import { checkStorage } from '../check-run.ts'
import { describeCheck, jsonOfCheck } from '../check-text.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { imageOf, withReadableStorage } from '../with-image.ts'

/** As of fsck(8). */
const EXIT_CODES: Readonly<Record<Verdict, number>> = { clean: 0, recoverable: 0, damaged: 4, unreadable: 8 }

/** Of each code so many findings are listed, and the others counted. */
const LISTED = { text: 20, json: 1000 } as const

const HELP = `
Info blocks, flog and map are read, and every block is accounted for; the content of sectors is not looked at. Nothing is written, ever. Each finding has a
code, a place, and what a repair would do about it.

Verdicts and exit codes, as of fsck:
  clean        0   nothing is wrong
  recoverable  0   writes were interrupted; attaching the image completes them
  damaged      4
  unreadable   8   no BTT can be found; also when the image cannot be opened or read
  wrong call  16

Examples:
  btt check disk.img
  btt check disk.img --json | jq '.findings[] | select(.severity == "damaged")'`

async function run(command: Command): Promise<void> {
  const [image = ''] = takeOperands(command)
  const options = commonOptions(command)
  const target = await imageOf(command, image)
  const listLimit = options.json ? LISTED.json : LISTED.text
  const checked = await withReadableStorage(target, (provider) =>
    checkStorage(provider, target, options, listLimit),
  )
  process.exitCode = EXIT_CODES[checked.report.verdict]
  if (options.json) await writeJson(jsonOfCheck(checked))
  else await writeOutput(describeCheck(checked))
}

/** `btt check`: whether an image is in order, and all that is not. */
export function checkCommand(): Command {
  const command = new Command('check').description('say what is wrong with an image, without changing it')
  setExitCodes(command, { failed: 8, usage: 16 })
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
