/** The report of `btt stress` for people. */
import type { BijectionReport, Culprit, Found, Mismatch, StressReport } from '@bttkit/checker-lanes'
import { formatSize } from '@bttkit/command-line'
import type { ImageStressReport } from './stress-run.ts'

const VERDICTS = {
  clean: 'clean: nothing was found',
  corrupt: 'corrupt',
  failed: 'failed: no wrong bytes, but operations failed',
} as const

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`

function describeSetting(report: StressReport): string {
  const { lanes, policy, laneCount, tasks, workers, readers, cpus, seed, preempt } = report
  const who = `${plural(workers, 'worker')} with ${plural(tasks, 'task')}`
  const only = readers === 0 ? '' : `, ${readers} of them only reading`
  return `lanes ${lanes} (${policy}), ${who}${only}, on ${cpus} CPUs and ${laneCount} lanes, ${preempt ? 'preempted' : 'not preempted'}, seed ${seed}`
}

function describeWork({ operations, seconds, throughput }: StressReport): string {
  const { begun, reads, writes, zeroes } = operations
  return `${begun} operations in ${seconds.toFixed(1)} s (${reads} reads, ${writes} writes, ${zeroes} zeroed), ${formatSize(Math.round(throughput.bytesPerSecond))}/s`
}

function describeCulprit({ worker, task, lane, generation, lba }: Culprit): string {
  const through = lane === null ? '' : ` through lane ${lane}`
  return `written by task ${task} of worker ${worker}${through} (generation ${generation} of LBA ${lba})`
}

function describeMismatch(mismatch: Mismatch): string {
  const { lba, offset, length, kind, culprit, reader, operation } = mismatch
  const nobody = kind === 'lost' ? 'zeros' : 'bytes that name nobody'
  const what = culprit === null ? nobody : describeCulprit(culprit)
  return `  LBA ${lba}, bytes ${offset}-${offset + length - 1}: ${what}; ${kind}, read by task ${reader.task} of worker ${reader.worker} (operation ${operation})`
}

function moreThan({ count, first }: { count: number; first: readonly unknown[] }): string[] {
  return count > first.length ? [`  … and ${count - first.length} more`] : []
}

function listed<T>(title: string, found: Found<T>, describe: (one: T) => string): string[] {
  if (found.count === 0) return []
  return [`${title}: ${found.count}`, ...found.first.map((one) => `  ${describe(one)}`), ...moreThan(found)]
}

/** Most images have one arena, which need not be named. */
const where = (arena: number): string => (arena === 0 ? '' : ` of arena ${arena}`)

function describeBijection(report: BijectionReport): string[] {
  return [
    ...listed(
      'blocks of several LBAs',
      report.mappedTwice,
      ({ arena, block, lbas }) => `block ${block}${where(arena)}: LBAs ${lbas.join(', ')}`,
    ),
    ...listed(
      'blocks of an LBA that are free too',
      report.mappedAndFree,
      ({ arena, block, lbas, lanes }) =>
        `block ${block}${where(arena)}: LBA ${lbas.join(', ')}; free in lane ${lanes.join(', ')}`,
    ),
    ...listed(
      'blocks free in several lanes',
      report.freeTwice,
      ({ arena, block, lanes }) => `block ${block}${where(arena)}: lanes ${lanes.join(', ')}`,
    ),
    ...listed(
      'leaked blocks, which nobody has',
      report.leaked,
      ({ arena, block }) => `block ${block}${where(arena)}`,
    ),
    ...listed(
      'lanes with sequence numbers that no writer leaves',
      report.sequences,
      ({ arena, lane, sequences: [first, second] }) => `lane ${lane}${where(arena)}: ${first} and ${second}`,
    ),
    ...listed(
      'entries out of range',
      report.outOfRange,
      ({ arena, lba, lane, block }) =>
        `${lba === null ? `lane ${lane}` : `LBA ${lba}`}${where(arena)}: block ${block}`,
    ),
  ]
}

function describeOverwritten({ firstLba, count }: ImageStressReport['sectors']): string {
  return `the content of LBA ${firstLba} to ${firstLba + count - 1} is lost`
}

/** All of a report but the statistics, in lines. */
export function describeStress(report: ImageStressReport): string {
  const { image, verdict, mismatches, failures, bijection, sectors } = report
  const lines = [
    `${image}: ${VERDICTS[verdict]}`,
    describeSetting(report),
    describeWork(report),
    ...(mismatches.count === 0 ? [] : [`wrong bytes: ${plural(mismatches.count, 'place')}`]),
    ...mismatches.first.map(describeMismatch),
    ...moreThan(mismatches),
    ...failures.map(({ code, count, message }) => `failed ${plural(count, 'time')} with ${code}: ${message}`),
    ...describeBijection(bijection),
    ...(sectors.content === 'overwritten' ? [describeOverwritten(sectors)] : []),
  ]
  return `${lines.join('\n')}\n`
}
