import { randomInt } from 'node:crypto'
import { Command, Option } from 'commander'
import type { LanePolicy } from '@bttkit/interfaces'
import { MOST_CPUS, MOST_TASKS, MOST_WORKERS } from '@bttkit/checker-lanes'
import {
  UsageError,
  commonOptions,
  countArgument,
  countUpTo,
  secondsArgument,
  declareOperands,
  takeOperands,
  withProgress,
  writeJson,
  writeOutput,
} from '@bttkit/command-line'
import { IMAGE_HELP } from '../operand-help.ts'
import { STRESS_LANES, isSafe, type StressLanes, type StressRequest } from '../stress-request.ts'
import { stressImage } from '../stress-run.ts'
import { describeStress } from '../stress-text.ts'
import { untilStopped } from '../until-stopped.ts'

interface StressFlags {
  readonly lanes?: StressLanes
  readonly lanePolicy?: LanePolicy
  readonly seconds: number
  readonly operations?: number
  readonly seed?: number
  readonly tasks: number
  readonly workers?: number
  readonly readers: number
  readonly cpus?: number
  readonly laneCount?: number
  readonly preempt: boolean
  readonly preemptBeforeLock?: true
}

const HELP = `
Tasks write, read and compare sectors of their own, parts of sectors of which others write the other parts, and sectors of all. Every unit of 32 bytes
carries who wrote it, so each wrong byte names its culprit. At the end the blocks are counted: each has one sector, or is free in one lane. Exit code 1
when anything was found.

--lanes mutex (one worker) and shared (several) are what bttkit uses. The others are what Linux used or was offered, with one worker: they are here to
be seen failing. THEY DESTROY THE IMAGE. They give a task the lane of its CPU. For owner-spinlock the tasks of a CPU are one owner: a task,
and the softirqs on top of it.

A run uses a few sectors: 37 with 8 tasks. mem: is formatted first; every other image must have a BTT. Its sectors get their content back when the run
is over, interrupted or not, if the lanes are mutex or shared and the blocks are in order; kill -9, or a second Ctrl-C, loses it. The image can be
attached in any case.
Tasks are preempted at every storage call, unless --no-preempt: after it, and where the storage does not sleep also before it and in its middle.
With one worker a seed repeats the run, operation by operation; --operations ends it at the same place, too. A run ends early after 1000 findings.

Examples:
  btt stress mem:?size=64MiB --seconds 5
  btt stress mem:?size=64MiB --lanes recursion-count
  btt stress mem:?size=64MiB --lanes recursion-count --tasks 3 --cpus 2 --readers 2
  btt stress sleeping-flush:mem:?size=64MiB --lanes spinlock-bh
  btt stress disk.img --workers 4 --json`

const RANDOM_SEEDS = 2 ** 32

/** @throws {UsageError} for flags that contradict each other */
function requestOf(command: Command, image: string): StressRequest {
  const flags = command.opts<StressFlags>()
  const { offset, namespace, plugin } = commonOptions(command)
  const { seed, tasks, readers, workers = 1, lanes = workers > 1 ? 'shared' : 'mutex' } = flags
  if (workers > 1 && seed !== undefined)
    throw new UsageError('--seed repeats a run of one thread, and --workers asks for several')
  if (workers > 1 && lanes !== 'shared')
    throw new UsageError(`--lanes ${lanes} is for one thread; with --workers it is shared`)
  if (tasks * workers > MOST_TASKS) throw new UsageError(`--tasks: all workers have at most ${MOST_TASKS}`)
  if (readers > tasks * workers) throw new UsageError('--readers: there are fewer tasks')
  const { lanePolicy = isSafe(lanes) ? 'first-idle' : 'static' } = flags
  if (lanePolicy === 'first-idle' && !isSafe(lanes))
    throw new UsageError(
      `--lanes ${lanes} gives a task the lane of its CPU; --lane-policy is for mutex and shared`,
    )
  if (flags.preemptBeforeLock === true && lanes !== 'recursion-count')
    throw new UsageError('--preempt-before-lock is for --lanes recursion-count')
  return {
    image,
    namespace,
    namespaceOffset: offset,
    plugins: plugin,
    lanes,
    policy: lanePolicy,
    laneCount: flags.laneCount,
    limitMs: flags.seconds * 1000,
    operationLimit: flags.operations,
    seed: seed ?? randomInt(RANDOM_SEEDS),
    tasks,
    workers,
    readers,
    cpus: flags.cpus ?? Math.ceil((tasks * workers) / 2),
    preempt: flags.preempt,
    preemptBeforeLock: flags.preemptBeforeLock === true,
  }
}

async function run(command: Command): Promise<void> {
  const [image = ''] = takeOperands(command)
  const request = requestOf(command, image)
  const options = commonOptions(command)
  const report = await untilStopped((signal) =>
    withProgress(options, { label: 'stressing' }, (progress) =>
      stressImage(request, { signal, onProgress: (bytesMoved) => progress.update(bytesMoved) }),
    ),
  )
  if (report.verdict !== 'clean') process.exitCode = 1
  if (options.json) await writeJson(report)
  else await writeOutput(describeStress(report))
}

/** `btt stress`: many tasks on one image at once, and who wrote every wrong byte. */
export function stressCommand(): Command {
  const command = new Command('stress').description('write and compare sectors from many tasks at once')
  return declareOperands(command, { IMAGE: IMAGE_HELP })
    .addOption(
      new Option('--lanes <table>', 'lane table (default: mutex, with several workers shared)').choices([
        ...STRESS_LANES,
      ]),
    )
    .addOption(
      new Option(
        '--lane-policy <policy>',
        'which lane a task gets, with mutex and shared (default: first-idle)',
      ).choices(['static', 'first-idle']),
    )
    .option('--seconds <seconds>', 'how long', secondsArgument, 10)
    .option('--operations <number>', 'at most so many operations', countUpTo(Number.MAX_SAFE_INTEGER))
    .option('--seed <number>', 'repeat a run with one worker (default: a random seed)', countArgument)
    .option('--tasks <number>', 'tasks of each worker', countUpTo(MOST_TASKS), 8)
    .option('--workers <number>', 'threads (default: 1)', countUpTo(MOST_WORKERS))
    .option('--readers <number>', 'how many of the first tasks only read', countArgument, 0)
    .option('--cpus <number>', 'CPUs that the tasks share (default: one for two tasks)', countUpTo(MOST_CPUS))
    .option(
      '--lane-count <number>',
      'lanes (default: as many as the image has, at most 256)',
      countUpTo(Number.MAX_SAFE_INTEGER),
    )
    .option('--no-preempt', 'no task is preempted at a storage call that does not sleep')
    .option('--preempt-before-lock', 'recursion-count: one may be preempted before it takes the lock, too')
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
