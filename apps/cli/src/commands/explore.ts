import { randomInt } from 'node:crypto'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import {
  UsageError,
  commonOptions,
  countArgument,
  countUpTo,
  secondsArgument,
  withProgress,
  writeJson,
  writeOutput,
} from '@bttkit/command-line'
import { POWER_FAIL_MODELS, type PowerFailModel } from '@bttkit/pmem-power-fail'
import type { Finding } from '../explore-finding.ts'
import { REPLAY_FILE, TRACE, checkOutput, writeOutputFile } from '../output-files.ts'
import { replayFile } from '../explore-replay-file.ts'
import { MOST_EXPLORED_LANES, MOST_EXPLORED_OPERATIONS, type ExploreRequest } from '../explore-request.ts'
import { endAfter, explorePrograms } from '../explore-run.ts'
import { describeExploration, describeReplay } from '../explore-text.ts'
import { STRESS_LANES, type StressLanes } from '../stress-request.ts'
import { untilStopped } from '../until-stopped.ts'

interface ExploreFlags {
  readonly lanes?: StressLanes
  readonly laneCount?: number
  readonly tasks?: number
  readonly operations?: number
  readonly model?: PowerFailModel
  readonly exhaustive?: true
  readonly preemptions?: number
  readonly pct?: true
  readonly random?: true
  readonly seconds?: number
  readonly seed?: number
  readonly out?: string
  readonly replay?: string
  readonly trace?: string
  readonly force?: true
}

const HELP = `
Runs the engine on a small arena in memory, one step at a time: a few tasks that write a sector of all or one
of their own, two, a part of one, zero, or read. After each
schedule no lane or lock may be in use, each block has one holder, and some order of the operations must explain every sector. Nobody may wait for ever, and
no operation may fail. All choices of operations are tried, with --pct and --random some by chance, until the time is over. Exit code 1 when anything was
found: it is made small in what is left of the time, and shown with a column a task and a row a step. The marked step is the first after which it goes wrong however it goes on.

--model cuts the power after each store and at each end of an operation, in all schedules with at most 2 preemptions (or --preemptions), and attaches every
state that the model may leave: some order of the operations must explain it, with all that had ended. The marked row is the power failure, and below it stands
what survived. --exhaustive runs every schedule, also equivalent ones: that is for two tasks at most.

--replay runs the schedule of a file again. If that is right now, or cannot happen any more, the schedules of its program are run, --seconds long at most; exit code 0
when none is wrong, 2 when the file is none. --out and --trace overwrite nothing but files of their kind.

--lanes mutex and shared are what bttkit uses. The others are what Linux used or was offered; all tasks run on one CPU.

Examples:
  btt explore
  btt explore --lanes shared --lane-count 2 --tasks 3 --seconds 60
  btt explore --lanes recursion-count --out found.json
  btt explore --model px86 --lanes recursion-count --out found.json
  btt explore --replay found.json --trace trace.json
  btt explore --tasks 3 --operations 2 --pct --seed 7 --json`

const RANDOM_SEEDS = 2 ** 32
const SECONDS = 10
/** With power failures. */
const PREEMPTIONS = 2

/** @throws {UsageError} for several strategies */
function strategyOf({
  model,
  exhaustive,
  preemptions,
  pct,
  random,
}: ExploreFlags): ExploreRequest['strategy'] {
  const chosen: ExploreRequest['strategy'][] = []
  if (exhaustive) chosen.push('exhaustive')
  if (preemptions !== undefined) chosen.push('bounded')
  if (pct) chosen.push('pct')
  if (random) chosen.push('random')
  if (chosen.length > 1)
    throw new UsageError('--exhaustive, --preemptions, --pct and --random: give one of them')
  return chosen[0] ?? (model === undefined ? 'exhaustive' : 'bounded')
}

/** @throws {UsageError} for flags that contradict each other */
function requestOf(flags: ExploreFlags): ExploreRequest {
  const { lanes = 'mutex', laneCount = 1, tasks = 2, operations = 1, seconds = SECONDS, seed } = flags
  const strategy = strategyOf(flags)
  const isByChance = strategy === 'pct' || strategy === 'random'
  if (seed !== undefined && !isByChance) throw new UsageError('--seed is for --pct and --random')
  if (tasks * operations > MOST_EXPLORED_OPERATIONS)
    throw new UsageError(`--operations: all tasks have at most ${MOST_EXPLORED_OPERATIONS}`)
  return {
    lanes,
    laneCount,
    tasks,
    operations,
    model: flags.model,
    strategy,
    maxPreemptions: strategy === 'bounded' ? (flags.preemptions ?? PREEMPTIONS) : undefined,
    seed: isByChance ? (seed ?? randomInt(RANDOM_SEEDS)) : undefined,
    limitMs: seconds * 1000,
  }
}

/** @throws {UsageError} for flags that do not go with it */
async function runAgain(command: Command, path: string): Promise<Finding | undefined> {
  const { replay: _, trace: __, force: ___, seconds = SECONDS, ...others } = command.opts<ExploreFlags>()
  if (Object.keys(others).length > 0)
    throw new UsageError(
      '--replay: the file says what is run; only --trace, --force and --seconds go with it',
    )
  const { report, finding } = await untilStopped((signal) =>
    replayFile(path, endAfter(seconds * 1000, signal)),
  )
  if (report.verdict !== 'gone') process.exitCode = 1
  if (commonOptions(command).json) await writeJson(report)
  else await writeOutput(describeReplay(report))
  return finding
}

const amountOf = (what: string) => (count: number) => `${count.toLocaleString('en')} ${what}`

async function exploreAnew(command: Command, flags: ExploreFlags): Promise<Finding | undefined> {
  const request = requestOf(flags)
  const options = commonOptions(command)
  const format = amountOf(request.model === undefined ? 'schedules' : 'states')
  const { report, finding } = await untilStopped((signal) =>
    withProgress(options, { label: 'exploring', format }, (progress) =>
      explorePrograms(request, { signal, onProgress: (count) => progress.update(count) }),
    ),
  )
  if (report.verdict !== 'clean') process.exitCode = 1
  if (options.json) await writeJson(report)
  else await writeOutput(describeExploration(report))
  return finding
}

/** @throws {UsageError} {CommandError} where they cannot be made */
async function checkOutputs({ out, trace, ...flags }: ExploreFlags): Promise<void> {
  const force = flags.force === true
  if (force && out === undefined && trace === undefined)
    throw new UsageError('--force is for --out and --trace')
  if (out !== undefined && trace !== undefined && resolve(out) === resolve(trace))
    throw new UsageError('--out and --trace: give two files')
  if (out !== undefined) await checkOutput(out, REPLAY_FILE, force)
  if (trace !== undefined) await checkOutput(trace, TRACE, force)
}

async function run(command: Command): Promise<void> {
  const flags = command.opts<ExploreFlags>()
  const { replay, out, trace } = flags
  await checkOutputs(flags)
  const finding = await (replay === undefined ? exploreAnew(command, flags) : runAgain(command, replay))
  // The report is out by then, whatever becomes of the files.
  if (finding === undefined) return
  if (out !== undefined) await writeOutputFile(out, finding.file)
  if (trace !== undefined) await writeOutputFile(trace, finding.trace)
}

/** `btt explore`: all schedules of a few operations, and the smallest one that goes wrong. */
export function exploreCommand(): Command {
  const operations = countUpTo(MOST_EXPLORED_OPERATIONS)
  const command = new Command('explore')
    .description('run a few operations under all schedules, and show the smallest that goes wrong')
    .addOption(new Option('--lanes <table>', 'lane table (default: mutex)').choices([...STRESS_LANES]))
    .option('--lane-count <number>', 'lanes (default: 1)', countUpTo(MOST_EXPLORED_LANES))
    .option('--tasks <number>', 'tasks (default: 2)', operations)
    .option('--operations <number>', 'operations of each task (default: 1)', operations)
    .addOption(
      new Option(
        '--model <model>',
        'cut the power, and what that may leave (default: the power stays on)',
      ).choices([...POWER_FAIL_MODELS]),
    )
    .option('--exhaustive', 'all schedules, of equivalent ones one (default without --model)')
    .option(
      '--preemptions <number>',
      `all schedules with at most so many preemptions (default with --model: ${PREEMPTIONS})`,
      countArgument,
    )
    .option('--pct', 'programs by chance, and schedules by random priorities')
    .option('--random', 'programs by chance, and at each step any task')
    .option('--seconds <seconds>', `how long at most (default: ${SECONDS})`, secondsArgument)
    .option('--seed <number>', 'repeat --pct or --random (default: a random seed)', countArgument)
    .option('--out <file>', 'where to store what was found, for --replay')
    .option('--replay <file>', 'run what was stored again')
    .option('--trace <file>', 'where to store the schedule for https://ui.perfetto.dev')
    .option('--force', 'let --out and --trace overwrite any file')
    .addHelpText('after', HELP)
    .action(async () => run(command))
  return command
}
