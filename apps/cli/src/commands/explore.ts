import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { formatReplayFile } from '@bttkit/checker-lanes'
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
import { replayFile } from '../explore-replay-file.ts'
import { MOST_EXPLORED_OPERATIONS, type ExploreRequest } from '../explore-request.ts'
import { explorePrograms } from '../explore-run.ts'
import { describeExploration, describeReplay } from '../explore-text.ts'
import { STRESS_LANES, type StressLanes } from '../stress-request.ts'
import { untilStopped } from '../until-stopped.ts'

interface ExploreFlags {
  readonly lanes?: StressLanes
  readonly laneCount?: number
  readonly tasks?: number
  readonly operations?: number
  readonly exhaustive?: true
  readonly preemptions?: number
  readonly pct?: true
  readonly random?: true
  readonly seconds?: number
  readonly seed?: number
  readonly out?: string
  readonly replay?: string
}

const HELP = `
Runs the engine on a small arena in memory, one step at a time: a few tasks that write a sector of all or one
of their own, two, a part of one, zero, or read. After each
schedule no lane or lock may be in use, each block has one holder, and some order of the operations must explain every sector. Nobody may wait for ever, and
no operation may fail. All choices of operations are tried, with --pct and --random some by chance, until the time is over. Exit code 1 when anything was
found: it is made small, and shown with a column a task and a row a step. The marked step is the first after which it goes wrong however it goes on.

--replay runs the schedule of a file again. If that is right now, or cannot happen any more, all schedules of its program are run; exit code 0 when none is wrong.

--lanes mutex and shared are what bttkit uses. The others are what Linux used or was offered; all tasks run on one CPU. The power stays on.

Examples:
  btt explore
  btt explore --lanes shared --lane-count 2 --tasks 3 --seconds 60
  btt explore --lanes recursion-count --out found.json
  btt explore --replay found.json
  btt explore --tasks 3 --operations 2 --pct --seed 7 --json`

/** That of the image that is explored. */
const MOST_LANES = 4
const RANDOM_SEEDS = 2 ** 32
const SECONDS = 10

/** @throws {UsageError} for several strategies */
function strategyOf({ exhaustive, preemptions, pct, random }: ExploreFlags): ExploreRequest['strategy'] {
  const chosen: ExploreRequest['strategy'][] = []
  if (exhaustive) chosen.push('exhaustive')
  if (preemptions !== undefined) chosen.push('bounded')
  if (pct) chosen.push('pct')
  if (random) chosen.push('random')
  if (chosen.length > 1)
    throw new UsageError('--exhaustive, --preemptions, --pct and --random: give one of them')
  return chosen[0] ?? 'exhaustive'
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
    strategy,
    maxPreemptions: flags.preemptions,
    seed: isByChance ? (seed ?? randomInt(RANDOM_SEEDS)) : undefined,
    limitMs: seconds * 1000,
  }
}

async function runAgain(command: Command, path: string): Promise<void> {
  if (Object.keys(command.opts()).length > 1)
    throw new UsageError('--replay: the file says what is run; no other option goes with it')
  const report = await replayFile(path)
  if (report.verdict !== 'gone') process.exitCode = 1
  if (commonOptions(command).json) await writeJson(report)
  else await writeOutput(describeReplay(report))
}

const schedulesOf = (count: number): string => `${count.toLocaleString('en')} schedules`

async function run(command: Command): Promise<void> {
  const flags = command.opts<ExploreFlags>()
  if (flags.replay !== undefined) {
    await runAgain(command, flags.replay)
    return
  }
  const request = requestOf(flags)
  const options = commonOptions(command)
  const report = await untilStopped((signal) =>
    withProgress(options, { label: 'exploring', format: schedulesOf }, (progress) =>
      explorePrograms(request, { signal, onProgress: (schedules) => progress.update(schedules) }),
    ),
  )
  if (report.verdict !== 'clean') process.exitCode = 1
  if (options.json) await writeJson(report)
  else await writeOutput(describeExploration(report))
  // The report is out by then, whatever becomes of the file.
  if (flags.out !== undefined && report.finding !== null)
    await writeFile(flags.out, formatReplayFile(report.finding))
}

/** `btt explore`: all schedules of a few operations, and the smallest one that goes wrong. */
export function exploreCommand(): Command {
  const operations = countUpTo(MOST_EXPLORED_OPERATIONS)
  const command = new Command('explore')
    .description('run a few operations under all schedules, and show the smallest that goes wrong')
    .addOption(new Option('--lanes <table>', 'lane table (default: mutex)').choices([...STRESS_LANES]))
    .option('--lane-count <number>', 'lanes (default: 1)', countUpTo(MOST_LANES))
    .option('--tasks <number>', 'tasks (default: 2)', operations)
    .option('--operations <number>', 'operations of each task (default: 1)', operations)
    .option('--exhaustive', 'all schedules, of equivalent ones one (default)')
    .option('--preemptions <number>', 'all schedules with at most so many preemptions', countArgument)
    .option('--pct', 'programs by chance, and schedules by random priorities')
    .option('--random', 'programs by chance, and at each step any task')
    .option('--seconds <seconds>', `how long at most (default: ${SECONDS})`, secondsArgument)
    .option('--seed <number>', 'repeat --pct or --random (default: a random seed)', countArgument)
    .option('--out <file>', 'where to store what was found, for --replay')
    .option('--replay <file>', 'run what was stored again')
    .addHelpText('after', HELP)
    .action(async () => run(command))
  return command
}
