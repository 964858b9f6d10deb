import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import {
  UsageError,
  countArgument,
  secondsArgument,
  withProgress,
  writeJson,
  writeOutput,
} from '@bttkit/command-line'
import { abortOnSignals } from '../abort-on-signals.ts'
import { commandLineText } from '../command-line-text.ts'
import type { BenchReport } from '../measure/report.ts'
import { changesText, compareRatios, loadBaseline, type Baseline } from '../report/compare-reports.ts'
import { reportHtml } from '../report/report-html.ts'
import { reportMarkdown } from '../report/report-markdown.ts'
import { closingText, comparisonText, openingText } from '../report/report-text.ts'
import { runSuites } from '../suites/run-suites.ts'
import type { Suite } from '../suites/suite.ts'
import { SUITES } from '../suites/suites.ts'

interface RunFlags {
  readonly json?: boolean
  readonly seconds?: number
  readonly quick: boolean
  readonly only?: string
  readonly seed: number
  readonly html?: string
  readonly compare?: string
  readonly results?: string
  readonly memoryFolder: string
  readonly diskFolder: string
  readonly compiler?: string
  readonly quiet: boolean
  readonly progress: boolean
}

const SECONDS = 220
const QUICK_SECONDS = 5
const CLEAR_LINE = '\r\u001B[K'
const SHARED_MEMORY = '/dev/shm'

const HELP = `
Suites (default: all):
${SUITES.map(({ name, description }) => `  ${name.padEnd(14)}${description}`).join('\n')}

Measured: nanoseconds a sector, of bttkit, of its peers and of the least that the work takes on this machine. All of a comparison do the same work: filled
storage, the same sectors in an order that the seed determines, the same contents. Afterwards everything is read back and compared, and of every BTT,
libpmemblk's too, it is checked that each block belongs to one sector or is free in one lane. A run in which anything of that fails, fails.

Peers are used where they are installed; what is missing is said at the end. The programs in C are compiled for the run: cc, pkg-config, and the headers of
libpmemblk, libpmem and libfuse 3.

DAX is measured on a file in memory that is taken for persistent memory (PMEM_IS_PMEM_FORCE=1), by bttkit and by libpmemblk.

--compare prints how the ratios have changed since an older report. Ratios may be compared between runs, times may not.

Examples:
  btt-bench
  btt-bench device vector --seconds 60 --html report.html
  btt-bench --quick --compare old.json`

/** @throws {UsageError} */
function suitesNamed(names: readonly string[]): readonly Suite[] {
  for (const name of names) {
    if (!SUITES.some((suite) => suite.name === name))
      throw new UsageError(`there is no suite '${name}', but ${SUITES.map((suite) => suite.name).join(', ')}`)
  }
  return names.length === 0 ? SUITES : SUITES.filter(({ name }) => names.includes(name))
}

/** Writes what was asked for besides the text. */
async function writeFiles(report: BenchReport, { html, results }: RunFlags): Promise<void> {
  if (html !== undefined) await writeFile(html, reportHtml(report))
  if (results === undefined) return
  await mkdir(results, { recursive: true })
  await writeFile(join(results, 'report.html'), reportHtml(report))
  await writeFile(join(results, 'report.md'), reportMarkdown(report))
  await writeFile(join(results, 'report.json'), `${JSON.stringify(report)}\n`)
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)}s`

async function measure(flags: RunFlags, suites: readonly Suite[]): Promise<BenchReport> {
  const { json = false, quick, only, seed, memoryFolder, diskFolder, compiler, quiet, progress } = flags
  const limitSeconds = flags.seconds ?? (quick ? QUICK_SECONDS : SECONDS)
  const said: Promise<void>[] = []
  const say = (text: string): void => {
    if (json) return
    // The bar is in the way where both are on one terminal; it is drawn again.
    if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE)
    said.push(writeOutput(text))
  }
  const report = await abortOnSignals((signal) =>
    withProgress(
      { json, quiet, progress },
      { label: 'measuring', totalBytes: limitSeconds * 1000, format: seconds },
      (bar) =>
        runSuites({
          suites,
          only,
          seconds: limitSeconds,
          seed,
          isQuick: quick,
          folders: { memory: memoryFolder, disk: diskFolder },
          compiler,
          command: commandLineText(['btt-bench', ...process.argv.slice(2)]),
          signal,
          onStart: (head) => say(openingText(head)),
          onProgress: (doneMs) => bar.update(doneMs),
          onComparison: (comparison) => say(comparisonText(comparison)),
        }),
    ),
  )
  await Promise.all(said)
  return report
}

async function run(command: Command, names: readonly string[]): Promise<void> {
  const flags = command.optsWithGlobals<RunFlags>()
  const suites = suitesNamed(names)
  // Before anything is measured, so that a wrong file costs nobody five minutes.
  const baseline: Baseline | undefined =
    flags.compare === undefined ? undefined : await loadBaseline(flags.compare)
  // What is mapped here lies in memory, where stores are as durable as they will be.
  process.env['PMEM_IS_PMEM_FORCE'] = '1'
  const report = await measure(flags, suites)
  await writeFiles(report, flags)
  const changes = baseline === undefined ? undefined : compareRatios(baseline, report.comparisons)
  if (flags.json === true) return writeJson(changes === undefined ? report : { ...report, changes })
  await writeOutput(closingText(report))
  if (changes !== undefined) await writeOutput(changesText(changes))
}

/** `btt-bench`, without the name of another benchmark: bttkit beside its peers. */
export function runCommand(): Command {
  const command = new Command('run').description('bttkit beside its peers; what btt-bench does by default')
  return command
    .argument('[suite...]', 'what to measure: see below')
    .option(
      '--seconds <seconds>',
      `how long to measure, about (default: ${SECONDS}, quick ${QUICK_SECONDS})`,
      secondsArgument,
    )
    .option('--quick', 'small images and few rounds: whether all works, not how fast', false)
    .option('--only <text>', 'only comparisons that have this in their names, as `DAX, libpmem`')
    .option('--seed <number>', 'determines the order of the sectors', countArgument, 1)
    .option('--html <file>', 'write a page with plots')
    .option('--compare <file>', 'print how the ratios have changed since an older report (JSON)')
    .option('--results <folder>', 'write report.json, report.html and report.md there')
    .option(
      '--memory-folder <folder>',
      'for images in memory',
      existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(),
    )
    .option('--disk-folder <folder>', 'for images on a disk', tmpdir())
    .option('--compiler <program>', 'the C compiler for the peers (default: cc)')
    .option('--quiet', 'print results and errors only', false)
    .option('--no-progress', 'show no progress bar')
    .addHelpText('after', HELP)
    .action(async (names: readonly string[]) => run(command, names))
}
