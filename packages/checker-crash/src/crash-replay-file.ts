/**
 * A power failure that goes wrong as a file, so that anybody can run it again: the operations, the schedule where several tasks overlap, the moment, and what became of what was in flight. JSON; see
 * `parseCrashFile` for what is accepted.
 *
 * A replay file may come from anywhere. So every value is checked before it is used, and nothing in it names code: a lane table of one's own is known by a name only. The image is
 * not in it.
 */
import { parseSchedule } from '@bttkit/checker-lanes'
import { POWER_FAIL_MODELS } from '@bttkit/pmem-power-fail'
import * as v from 'valibot'
import { replayCrash, type CrashCheckOptions } from './check-crashes.ts'
import type { CrashOperation } from './crash-operation.ts'
import type { CrashState } from './explore-points.ts'
import type { CrashCase } from './replay-case.ts'

const OVERLAPPING = 'power failure under a schedule'
const IN_TURN = 'power failure in a workload'
const VERSION = 1
const MOST_CHARACTERS = 1_000_000
const MOST_TASKS = 26
const MOST_OPERATIONS = 1000
const MOST_SECTORS = 2048
const MOST_BYTES = 2 ** 20
const MOST_LANES = 1024
const MOST_POINTS = 1_000_000
const MOST_CHOICES = 100_000

/** A violation that `checkCrashes` found. */
export interface CrashWorkloadCase
  extends CrashState, Pick<CrashCheckOptions, 'model' | 'writesThrough' | 'writeBack' | 'afterDeath'> {
  readonly workload: readonly CrashOperation[]
  readonly operationsAfterwards?: readonly CrashOperation[] | undefined
  readonly problem: string
}

/** What a replay file says. */
export type CrashFile =
  | { readonly kind: 'overlapping'; readonly found: CrashCase }
  | { readonly kind: 'in turn'; readonly found: CrashWorkloadCase }

const whole = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most))
const list = <const Item extends v.GenericSchema>(item: Item, most: number) =>
  v.pipe(v.array(item), v.maxLength(most))

const sectors = { lba: whole(0), count: whole(1, MOST_SECTORS) }
const bytes = { offset: whole(0), length: whole(1, MOST_BYTES) }
const value = whole(0, 255)
const operations = [
  v.strictObject({ kind: v.literal('write'), ...sectors, value }),
  v.strictObject({ kind: v.literal('zero'), ...sectors }),
  v.strictObject({ kind: v.literal('write-bytes'), ...bytes, value }),
  v.strictObject({ kind: v.literal('zero-bytes'), ...bytes }),
  v.strictObject({ kind: v.literal('flush') }),
] as const
const operation = v.variant('kind', [...operations])
const operationOrRead = v.variant('kind', [
  ...operations,
  v.strictObject({ kind: v.literal('read'), ...sectors }),
  v.strictObject({ kind: v.literal('read-bytes'), ...bytes }),
])

const choices = list(v.strictObject({ unit: whole(0), version: whole(0) }), MOST_CHOICES)
const moment = { point: whole(0, MOST_POINTS), choices }
const version = v.literal(VERSION)
const model = v.picklist(POWER_FAIL_MODELS)
const problem = v.string()
const workload = list(operation, MOST_OPERATIONS)

const lanes = v.strictObject({
  table: v.string(),
  laneCount: whole(1, MOST_LANES),
  policy: v.optional(v.picklist(['static', 'first-idle'])),
  cpuCount: v.optional(whole(1, MOST_LANES)),
})

function isSchedule(text: string): boolean {
  try {
    parseSchedule(text)
    return true
  } catch {
    return false
  }
}

const fileSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal(OVERLAPPING),
    version,
    model,
    lanes,
    tasks: list(list(operationOrRead, MOST_OPERATIONS), MOST_TASKS),
    schedule: v.pipe(v.string(), v.check(isSchedule, 'is not a schedule, such as A12 B3')),
    powerFailure: v.optional(v.strictObject(moment)),
    problem,
  }),
  v.strictObject({
    kind: v.literal(IN_TURN),
    version,
    model,
    workload,
    operationsAfterwards: v.optional(workload),
    writesThrough: v.optional(v.boolean()),
    writeBack: v.optional(v.strictObject({ limitBytes: whole(1) })),
    afterDeath: v.optional(v.boolean()),
    ...moment,
    recovery: v.exactOptional(v.strictObject(moment)),
    problem,
  }),
])

function refuse(reason: string, cause?: unknown): SyntaxError {
  return new SyntaxError(`this is no replay file of a power failure: ${reason}`, { cause })
}

function jsonOf(text: string): unknown {
  if (text.length > MOST_CHARACTERS) throw refuse(`it has more than ${MOST_CHARACTERS} characters`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refuse('it is not JSON', error)
  }
}

/** Whether a file claims to be of this kind: then `parseCrashFile` says what is wrong with it. */
export function isCrashFile(text: string): boolean {
  try {
    const { output, success } = v.safeParse(v.looseObject({ kind: v.string() }), jsonOf(text))
    return success && [OVERLAPPING, IN_TURN].includes(output.kind)
  } catch {
    return false
  }
}

/** @throws {SyntaxError} that says what is wrong, for anything that `formatCrashFile` would not write */
export function parseCrashFile(text: string): CrashFile {
  const parsed = v.safeParse(fileSchema, jsonOf(text), { abortEarly: true })
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw refuse(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}`)
  }
  const file = parsed.output
  if (file.kind === OVERLAPPING) {
    const { kind: _, version: __, model: ofProgram, lanes: table, tasks, ...found } = file
    return { kind: 'overlapping', found: { program: { model: ofProgram, lanes: table, tasks }, ...found } }
  }
  const { kind: _, version: __, ...found } = file
  return { kind: 'in turn', found }
}

/** @param file what was found; fields that do not belong in it are left out */
export function formatCrashFile(file: CrashFile): string {
  return `${JSON.stringify(fieldsOf(file), undefined, 2)}\n`
}

function fieldsOf({ kind, found }: CrashFile): object {
  if (kind === 'overlapping') {
    const { program, schedule, powerFailure, problem: said } = found
    return { kind: OVERLAPPING, version: VERSION, ...program, schedule, powerFailure, problem: said }
  }
  const { model: under, workload: done, operationsAfterwards, ...others } = found
  const { writesThrough, writeBack, afterDeath, point, choices: left, recovery, problem: said } = others
  const setting = {
    model: under,
    workload: done,
    operationsAfterwards,
    writesThrough,
    writeBack,
    afterDeath,
  }
  return { kind: IN_TURN, version: VERSION, ...setting, point, choices: left, recovery, problem: said }
}

/**
 * What is wrong in the state of a violation of `checkCrashes`; `undefined` where nothing is.
 *
 * @throws {TypeError} for a state that these operations do not lead to; what the engine throws for operations that do not fit the image
 */
export function replayWorkloadCase(
  found: CrashWorkloadCase,
  setting: Pick<CrashCheckOptions, 'engine' | 'image'>,
): string | undefined {
  return replayCrash({ ...setting, ...found }, found)
}
