/** The report of `btt stress` for people. */
import type { BijectionReport, Culprit, Found, Mismatch, StressReport, TaskName } from '@bttkit/checker-lanes'
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
  return `lanes ${lanes} (${policy}), ${who}${only}, on ${plural(cpus, 'CPU')} and ${plural(laneCount, 'lane')}, ${preempt ? 'preempted' : 'not preempted'}, seed ${seed}`
}

function describeWork({ operations, seconds, throughput }: StressReport): string {
  const { begun, reads, writes, zeroes } = operations
  return `${begun} operations in ${seconds.toFixed(1)} s (${reads} reads, ${writes} writes, ${zeroes} zeroed), ${formatSize(Math.round(throughput.bytesPerSecond))}/s`
}

/** Most runs have one worker, which need not be named. */
function nameOf({ worker, task }: TaskName, workers: number): string {
  return workers === 1 ? `task ${task}` : `task ${task} of worker ${worker}`
}

function describeCulprit(culprit: Culprit, workers: number): string {
  const { lane, generation, lba } = culprit
  const through = lane === null ? '' : ` through lane ${lane}`
  return `written by ${nameOf(culprit, workers)}${through} (generation ${generation} of LBA ${lba})`
}

function describeMismatch(mismatch: Mismatch, workers: number): string {
  const { lba, offset, length, kind, content, culprit, reader, operation, expectedGeneration } = mismatch
  const nobody = content === 'zeros' ? 'zeros' : 'bytes that name nobody'
  const what = culprit === null ? nobody : describeCulprit(culprit, workers)
  const wanted = expectedGeneration === null ? '' : ` instead of generation ${expectedGeneration}`
  return `  LBA ${lba}, bytes ${offset}-${offset + length - 1}: ${what}; ${kind}${wanted}, read by ${nameOf(reader, workers)} (operation ${operation})`
}

/** How to see the first wrong bytes again: on memory one seed makes one run, and a shorter run is the beginning of a longer one. */
function describeRepetition(report: ImageStressReport): string[] {
  const { image, lanes, policy, laneCount, tasks, readers, cpus, seed, preempt, preemptBeforeLock } = report
  const first = report.mismatches.first[0]?.operation
  if (first === undefined || report.workers > 1 || report.sectors.content !== 'fresh') return []
  const flags = [
    `--lanes ${lanes}`,
    lanes === 'mutex' || lanes === 'shared' ? `--lane-policy ${policy}` : '',
    `--lane-count ${laneCount} --tasks ${tasks} --readers ${readers} --cpus ${cpus}`,
    preempt ? '' : '--no-preempt',
    preemptBeforeLock ? '--preempt-before-lock' : '',
    `--seed ${seed} --operations ${first}`,
  ]
  return [`the first of them again: btt stress '${image}' ${flags.filter((flag) => flag !== '').join(' ')}`]
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

/** Many numbers with nothing to say about each: in one line. */
function describeLeaks({ count, first }: BijectionReport['leaked']): string[] {
  if (count === 0) return []
  const blocks = first.map(({ arena, block }) => `${block}${where(arena)}`).join(', ')
  const more = count > first.length ? `, … and ${count - first.length} more` : ''
  return [`leaked blocks, which nobody has: ${count}`, `  ${blocks}${more}`]
}

const namedList = (name: string, numbers: readonly number[]): string =>
  `${name}${numbers.length === 1 ? '' : 's'} ${numbers.join(', ')}`

function describeBijection(report: BijectionReport): string[] {
  return [
    ...listed(
      'blocks of several LBAs',
      report.mappedTwice,
      ({ arena, block, lbas }) => `block ${block}${where(arena)}: ${namedList('LBA', lbas)}`,
    ),
    ...listed(
      'blocks of an LBA that are free too',
      report.mappedAndFree,
      ({ arena, block, lbas, lanes }) =>
        `block ${block}${where(arena)}: ${namedList('LBA', lbas)}; free in ${namedList('lane', lanes)}`,
    ),
    ...listed(
      'blocks free in several lanes',
      report.freeTwice,
      ({ arena, block, lanes }) => `block ${block}${where(arena)}: ${namedList('lane', lanes)}`,
    ),
    ...describeLeaks(report.leaked),
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
    ...mismatches.first.map((mismatch) => describeMismatch(mismatch, report.workers)),
    ...moreThan(mismatches),
    ...describeRepetition(report),
    ...failures.map(({ code, count, message }) => `failed ${plural(count, 'time')} with ${code}: ${message}`),
    ...describeBijection(bijection),
    ...(sectors.content === 'overwritten' ? [describeOverwritten(sectors)] : []),
  ]
  return `${lines.join('\n')}\n`
}
