/**
 * The long run: the checks and many programs and workloads over the engine as it is, which must find nothing, and over each mutant, which must be found.
 *
 *     pnpm verify [--part schedules|crashes|overlapping|deaths|words|mutants]… [--schedules 1000000] [--write-table]
 *
 * Exit code 1 when something is wrong with the engine, or a mutant is alive; 2 for a usage that makes no sense.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { KILL_MATRIX, LANE_MODELS, killTable, laneModelTable, writeTable } from './document.ts'
import { MUTANTS, killMatrix, runControl, type Kill } from './kill-matrix.ts'
import { laneModels, type LaneModelReport } from './lane-models.ts'
import { longCrashes } from './long-crashes.ts'
import { longDeaths } from './long-deaths.ts'
import { longOverlapping } from './long-overlapping.ts'
import { longSchedules } from './long-schedules.ts'
import { longWords } from './long-words.ts'
import { Progress, powerOfTen } from './progress.ts'
import { subjectOf } from './subject.ts'

const PARTS = ['schedules', 'crashes', 'overlapping', 'deaths', 'words', 'mutants'] as const

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Whether all schedules that were run are right. */
async function verifySchedules(fewest: number): Promise<boolean> {
  const progress = new Progress('schedules', say)
  let steps = 0
  let isRight = true
  for await (const { name, schedules, steps: more, isExhaustive, problem, schedule } of longSchedules(
    fewest,
  )) {
    steps += more
    progress.add(schedules, name)
    if (problem === undefined && isExhaustive) continue
    isRight = false
    say(`${name}: ${problem ?? 'it did not end'}\n  ${schedule ?? ''}`)
  }
  progress.end(`${steps.toLocaleString('en')} steps`)
  return isRight && progress.count >= fewest
}

/** The schedules take as long as all other parts together, and have a process of their own beside them. */
async function verifySchedulesBeside(fewest: number): Promise<boolean> {
  const program = fileURLToPath(import.meta.url)
  const child = spawn(
    process.execPath,
    [...process.execArgv, program, '--part', 'schedules', '--schedules', String(fewest)],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  process.once('exit', () => child.kill())
  await once(child, 'close')
  return child.exitCode === 0
}

function verifyCrashes(): boolean {
  const progress = new Progress('classes of crash states', say)
  let states = 0n
  let isRight = true
  for (const report of longCrashes(subjectOf())) {
    const { name, classes, isExhaustive, isSampled = false, problem, replay } = report
    states += report.states
    progress.add(classes, name)
    if (problem === undefined && (isExhaustive || isSampled)) continue
    isRight = false
    say(`${name}: ${problem ?? 'not all states were judged'}\n  ${JSON.stringify(replay)}`)
  }
  progress.end(`they stand for ${powerOfTen(states)} states`)
  return isRight
}

/** Power failures under schedules. */
async function verifyOverlapping(): Promise<boolean> {
  const progress = new Progress('classes of crash states under schedules', say)
  let [schedules, states] = [0, 0n]
  let isRight = true
  for await (const report of longOverlapping()) {
    schedules += report.schedules
    states += report.states
    progress.add(report.classes, report.name)
    if (report.problem === undefined && report.isExhaustive) continue
    isRight = false
    say(`${report.name}: ${report.problem ?? 'not all states were judged'}\n  ${String(report.replay)}`)
  }
  progress.end(`of ${schedules.toLocaleString('en')} schedules; they stand for ${powerOfTen(states)} states`)
  return isRight
}

/** Threads that die, under all schedules. */
async function verifyDeaths(): Promise<boolean> {
  const progress = new Progress('schedules with deaths', say)
  let [moments, steps] = [0, 0]
  let isRight = true
  for await (const report of longDeaths()) {
    moments += report.moments
    steps += report.steps
    progress.add(report.schedules, report.name)
    if (report.problem === undefined && report.isExhaustive) continue
    isRight = false
    say(`${report.name}: ${report.problem ?? 'it did not end'}\n  ${JSON.stringify(report.replay)}`)
  }
  progress.end(`${moments.toLocaleString('en')} moments of death, ${steps.toLocaleString('en')} steps`)
  return isRight
}

/** Threads that share words. */
async function verifyWords(): Promise<boolean> {
  const progress = new Progress('schedules of threads', say)
  let accesses = 0
  let isRight = true
  for await (const report of longWords()) {
    accesses += report.accesses
    progress.add(report.runs, report.name)
    if (report.problem === undefined && report.isComplete) continue
    isRight = false
    say(`${report.name}: ${report.problem ?? 'it did not end'}\n  ${JSON.stringify(report.replay)}`)
  }
  progress.end(`${accesses.toLocaleString('en')} accesses to words`)
  return isRight
}

async function verifyMutants(writesTable: boolean): Promise<boolean> {
  const control = await runControl(({ check, problem, runs, ms }) =>
    say(`the engine as it is, ${check}: ${problem ?? `right (${runs} runs, ${ms} ms)`}`),
  )
  const kills: Kill[] = []
  for await (const kill of killMatrix()) {
    kills.push(kill)
    const { mutant, killer, runs, ms } = kill
    say(
      `${kills.length} of ${MUTANTS.length}, ${mutant.name}: ${killer?.problem ?? 'NOTHING FOUND IT'} (${runs} runs, ${ms} ms)`,
    )
  }
  const models: LaneModelReport[] = []
  for await (const model of laneModels()) {
    models.push(model)
    say(`lanes of ${model.lanes}: ${model.problem ?? 'nothing is wrong'} (${model.exhaustive} schedules)`)
  }
  if (writesTable) {
    writeTable(KILL_MATRIX, killTable(kills))
    writeTable(LANE_MODELS, laneModelTable(models))
  }
  return (
    control.every(({ problem }) => problem === undefined) && kills.every(({ killer }) => killer !== undefined)
  )
}

const { values } = parseArgs({
  options: {
    part: { type: 'string', multiple: true, default: [...PARTS] },
    schedules: { type: 'string', default: '1000000' },
    'write-table': { type: 'boolean', default: false },
  },
})
const unknown = values.part.find((part) => !PARTS.some((known) => known === part))
const fewest = Number(values.schedules)
if (unknown !== undefined || !Number.isSafeInteger(fewest) || fewest < 0) {
  process.stderr.write(`there is no part "${unknown}", or "${values.schedules}" is no number of schedules\n`)
  process.exit(2)
}
const others = values.part.filter((part) => part !== 'schedules')
const schedules = values.part.includes('schedules')
  ? (others.length === 0 ? verifySchedules : verifySchedulesBeside)(fewest)
  : true
const isRight = [
  !values.part.includes('mutants') || (await verifyMutants(values['write-table'])),
  !values.part.includes('crashes') || verifyCrashes(),
  !values.part.includes('overlapping') || (await verifyOverlapping()),
  !values.part.includes('deaths') || (await verifyDeaths()),
  !values.part.includes('words') || (await verifyWords()),
  await schedules,
].every(Boolean)
say(isRight ? 'all that was looked at is as it should be' : 'SOMETHING IS WRONG')
process.exitCode = isRight ? 0 : 1
