import { Command, Option } from 'commander'
import type { ImageReport, Verdict } from '@bttkit/checker-image'
import { PageObserver } from '@bttkit/image-page'
import {
  commonOptions,
  UsageError,
  declareOperands,
  setExitCodes,
  takeOperands,
  writeJson,
  writeOutput,
  type CommonOptions,
} from '@bttkit/command-line'
import { checkStorage } from '../check-run.ts'
import { describeCheck, firstOfEach, jsonOfCheck } from '../check-text.ts'
import { FINDINGS_FOR_PAGE, HTML_HELP, pageOf } from '../image-page.ts'
import { repairImage, undoRepair, type RepairFlags } from '../repair-run.ts'
import { describeRepair, jsonOfRepair } from '../repair-text.ts'
import { IMAGE_HELP } from '../operand-help.ts'
import { checkPageName, withPageFile } from '../page-file.ts'
import { imageOf, withReadableStorage, type ImageToOpen } from '../with-image.ts'

/** As of fsck(8). */
const EXIT_CODES: Readonly<Record<Verdict, number>> = { clean: 0, recoverable: 0, damaged: 4, unreadable: 8 }

/** Of each code so many findings are listed, and the others counted. */
const LISTED = { text: 20, json: 1000 } as const

/** Neither an image that cannot be opened, nor a rule that did not come to its end, says anything about the image. */
const NOT_CHECKED = 8

/** After a repair that changed something. */
const REPAIRED = 1

const HELP = `
Info blocks, flog and map are read, and every block is accounted for; the content of sectors is not looked at. Without --repair nothing is written, ever. Each
finding has a code, a place, and what a repair would do about it.

A repair changes what is wrong for certain and can be put right without a guess. It never touches what is in order. What could lose data waits for an option that says so;
each sector that could be read before reads the same afterwards. It can be cut short at any moment and run again. The undo file is durable before the image
changes; it takes the repair back as long as nobody has written to the image since.

Verdicts and exit codes, as of fsck:
  clean        0   nothing is wrong
  recoverable  0   writes were interrupted; attaching the image completes them
  repaired     1   nothing is wrong any more
  damaged      4   also when a repair left something
  unreadable   8   no BTT can be found; also when the image cannot be opened, read or written,
                   or a rule of a plugin did not come to its end
  wrong call  16

Examples:
  btt check disk.img
  btt check disk.img --json | jq '.findings[] | select(.severity == "damaged")'
  btt check disk.img --repair --dry-run
  btt check disk.img --repair --undo disk.undo
  btt check disk.img --undo-restore disk.undo
  btt check disk.img --html disk.html`

/** @throws {UsageError} for options that do not go together */
function checkFlags(flags: RepairFlags, html: string | undefined): void {
  const { repair, undoRestore, ...others } = flags
  if (undoRestore !== undefined && (repair === true || Object.keys(others).length > 0))
    throw new UsageError('--undo-restore takes a repair back, and goes with no other option of a repair')
  if (undoRestore !== undefined && html !== undefined)
    throw new UsageError('--html shows what a check found, and --undo-restore checks nothing')
  const [first] = Object.keys(others)
  if (repair !== true && first !== undefined) {
    const name = first.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw new UsageError(`--${name} is about a repair, which --repair asks for`)
  }
  if (flags.dryRun === true && flags.undo !== undefined)
    throw new UsageError('--dry-run changes nothing, so there is nothing to undo')
}

/** Those of a repair, without those that were not given. */
function repairFlags(command: Command): RepairFlags {
  const { repair, dryRun, undo, undoRestore, duplicates, rewriteLog, resetUnknown, rebuild } =
    command.opts<RepairFlags>()
  const flags = { repair, dryRun, undo, undoRestore, duplicates, rewriteLog, resetUnknown, rebuild }
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined))
}

function exitCodeOf({ verdict, findingsByCode }: ImageReport): number {
  return Object.hasOwn(findingsByCode, 'rule-failed') ? NOT_CHECKED : EXIT_CODES[verdict]
}

/** What a run of the command has to do with, whatever it does. */
interface Request {
  readonly command: Command
  readonly target: ImageToOpen
  readonly options: CommonOptions
  readonly html: string | undefined
}

/** Findings that people do not see are nevertheless on the page. */
function listLimitOf({ options, html }: Request): number {
  if (options.json) return LISTED.json
  return html === undefined ? LISTED.text : FINDINGS_FOR_PAGE
}

/** Writes the page, and prints the rest whether that works or not: after a repair, what was done has to be told. */
async function tell(
  { options }: Request,
  writePage: () => Promise<void>,
  { json, text }: { readonly json: () => unknown; readonly text: () => string },
): Promise<void> {
  try {
    await writePage()
  } finally {
    if (options.json) await writeJson(json())
    else await writeOutput(text())
  }
}

async function runCheck(request: Request): Promise<void> {
  const { command, target, options, html } = request
  await withPageFile(html, async (write) => {
    const observer = write && new PageObserver()
    const settings = { listLimit: listLimitOf(request), observer }
    const checked = await withReadableStorage(target, (provider) =>
      checkStorage(provider, target, options, settings),
    )
    process.exitCode = exitCodeOf(checked.report)
    const writePage = async (): Promise<void> => {
      if (observer !== undefined) await write?.(pageOf({ command, target, checked, observer }))
    }
    await tell(request, writePage, {
      json: () => jsonOfCheck(checked),
      text: () => describeCheck(firstOfEach(checked, LISTED.text)),
    })
  })
}

async function runRepair(request: Request, flags: RepairFlags): Promise<void> {
  const { command, target, options, html } = request
  await withPageFile(html, async (write) => {
    const observer = write && new PageObserver()
    const settings = { listLimit: listLimitOf(request), observer }
    const repaired = await repairImage(target, flags, options, settings)
    const { checked, isDryRun, plan } = repaired
    const exitCode = exitCodeOf(checked.report)
    const hasChanged = !isDryRun && plan.stages.length > 0
    process.exitCode = exitCode === 0 && hasChanged ? REPAIRED : exitCode
    const writePage = async (): Promise<void> => {
      if (observer !== undefined)
        await write?.(pageOf({ command, target, checked, observer, repair: repaired }))
    }
    await tell(request, writePage, {
      json: () => jsonOfRepair(repaired),
      text: () => describeRepair({ ...repaired, checked: firstOfEach(checked, LISTED.text) }),
    })
  })
}

async function runUndo(target: ImageToOpen, path: string, { json, quiet }: CommonOptions): Promise<void> {
  const restoredBytes = await undoRepair(target, path)
  const { image } = target
  if (json) await writeJson({ image, undo: path, restoredBytes })
  else if (!quiet) await writeOutput(`${image}: ${restoredBytes} bytes are as they were before the repair\n`)
}

async function run(command: Command): Promise<void> {
  const [image = ''] = takeOperands(command)
  const options = commonOptions(command)
  const flags = repairFlags(command)
  const { html } = command.opts<{ html?: string }>()
  checkFlags(flags, html)
  const target = await imageOf(command, image)
  if (html !== undefined) checkPageName(target, html, flags.undo)
  const request = { command, target, options, html }
  if (flags.undoRestore !== undefined) await runUndo(target, flags.undoRestore, options)
  else if (flags.repair === true) await runRepair(request, flags)
  else await runCheck(request)
}

/** `btt check`: whether an image is in order, and all that is not; and putting it in order. */
export function checkCommand(): Command {
  const command = new Command('check').description(
    'say what is wrong with an image, without changing it; repair it when asked to',
  )
  setExitCodes(command, { failed: NOT_CHECKED, usage: 16 })
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .option('--repair', 'put in order what can be put in order without a guess')
    .option('--dry-run', 'with --repair: say what it would do, and change nothing')
    .option('--undo <file>', 'with --repair: a new file that takes it back')
    .option('--undo-restore <file>', 'take a repair back')
    .addOption(
      new Option(
        '--duplicates <policy>',
        'with --repair: which sector keeps a block that several have, where nothing tells: the first, none (error), or each has a copy',
      ).choices(['first', 'error', 'both-readable']),
    )
    .option('--rewrite-log', 'with --repair: rewrite a flog in the slots of Linux before 4.15')
    .option('--reset-unknown', 'with --repair: reset versions and flags that nobody knows')
    .option('--rebuild', 'with --repair: rebuild info blocks of which nothing is left')
    .option('--html <file>', HTML_HELP)
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
