import { Command } from 'commander'
import { countUpTo, secondsArgument, writeJson, writeOutput } from '@bttkit/command-line'
import { machineText } from '../machine.ts'
import { textTable } from '../text-table.ts'
import {
  measureThroughput,
  type Throughput,
  type ThroughputOptions,
  type ThroughputReport,
} from '../thread-throughput.ts'

/** A gigabyte of sectors; there are two such images. */
const MOST_SECTORS = 2 ** 18
const MOST_WORKERS = 64

const HELP = `
Measured: operations a second on an image in memory. An operation is one blocking call that writes or reads one sector of 4096 bytes at a random
LBA; each read checks that it has the sector that it asked for. All sectors were written before.

  shared   1, 2 and --workers threads that joined one attachment, on one image
  mutex    for reference: one thread, with an image of its own that is attached for one thread

A round lets each setting write and then read for about a fifth of a second, or less where --seconds is below 1. The threads of a setting begin
together; the rate is all they did, from when the first began until the last ended. The ratio is to one shared worker in the same round. More
workers than cores gain nothing, nor do two where others keep the cores busy.

CPU us is the processor time of one operation in microseconds. It does not count the time in which others had the processor. Where it is the same for one
and for two workers, two cores do twice the work.`

const perSecond = (rate: number): string => String(Math.round(rate))

function cells(throughput: Throughput): string[] {
  const { medianPerSecond, p10PerSecond, p90PerSecond, ratioToOneWorker, cpuMicroseconds } = throughput
  return [
    perSecond(medianPerSecond),
    `${perSecond(p10PerSecond)}-${perSecond(p90PerSecond)}`,
    ratioToOneWorker.toFixed(2),
    cpuMicroseconds.toFixed(2),
  ]
}

function throughputText({ machine, sectors, rounds, settings }: ThroughputReport): string {
  const figures = ['p10-p90', 'ratio', 'CPU us']
  const head = ['lanes', 'workers', 'writes/s', ...figures, 'reads/s', ...figures]
  const rows = settings.map(({ lanes, workers, write, read }) => [
    lanes,
    String(workers),
    ...cells(write),
    ...cells(read),
  ])
  return `${machineText(machine)}${sectors} sectors of 4096 bytes, ${rounds} rounds\n${textTable([head, ...rows], 1)}`
}

async function run(command: Command): Promise<void> {
  const { json = false, ...options } = command.optsWithGlobals<{ json?: boolean } & ThroughputOptions>()
  const report = await measureThroughput(options)
  await (json ? writeJson(report) : writeOutput(throughputText(report)))
}

/** `btt-bench threads`: what several threads on one image gain. */
export function threadsCommand(): Command {
  const command = new Command('threads').description('what several threads on one image gain')
  return command
    .option('--seconds <seconds>', 'how long each setting writes, and how long it reads', secondsArgument, 3)
    .option('--sectors <number>', 'how many sectors are used', countUpTo(MOST_SECTORS), 8192)
    .option('--workers <number>', 'a further number of threads', countUpTo(MOST_WORKERS), 2)
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
