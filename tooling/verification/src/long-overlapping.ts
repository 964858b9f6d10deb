/** Operations that overlap, readers among them, and power failures at each moment of each schedule with at most two preemptions: the long run over the engine as it is. */
import {
  checkOverlapping,
  type CrashOperation,
  type CrashRead,
  type OverlappingCheckResult,
} from '@bttkit/checker-crash'
import { sharedParts } from '@bttkit/checker-lanes'
import { smallImage } from './checks/images.ts'
import { choices } from './choices.ts'
import type { WorkloadReport } from './long-crashes.ts'
import { subjectOf } from './subject.ts'

const LBA = 33
const SECTOR_BYTES = 512
const PART = { offset: LBA * SECTOR_BYTES + 100, length: 50 }

type Operation = CrashOperation | CrashRead

/** Each writes with a number of its own. */
const OPERATIONS: Readonly<Record<string, (value: number) => Operation>> = {
  write: (value) => ({ kind: 'write', lba: LBA, count: 1, value }),
  'write of two': (value) => ({ kind: 'write', lba: LBA, count: 2, value }),
  'write of a part': (value) => ({ kind: 'write-bytes', ...PART, value }),
  zero: () => ({ kind: 'zero', lba: LBA, count: 2 }),
  'write elsewhere': (value) => ({ kind: 'write', lba: 60, count: 1, value }),
  'read of two': () => ({ kind: 'read', lba: LBA, count: 2 }),
}

/** What they see, those of two sectors see as well. */
const MORE_READERS: Readonly<Record<string, () => Operation>> = {
  read: () => ({ kind: 'read', lba: LBA, count: 1 }),
  'read of a part': () => ({ kind: 'read-bytes', ...PART }),
}

const ALL = { ...OPERATIONS, ...MORE_READERS }

interface OverlappingProgram {
  readonly name: string
  readonly tasks: readonly (readonly Operation[])[]
}

function program(...tasks: readonly (readonly [number, string][])[]): OverlappingProgram {
  return {
    name: tasks.map((task) => task.map(([, name]) => name).join(', ')).join(' | '),
    tasks: tasks.map((task) => task.flatMap(([value, name]) => ALL[name]?.(value) ?? [])),
  }
}

/** One operation a task, of all. */
function* pairs(): Generator<OverlappingProgram> {
  for (const [a = '', b = ''] of choices(Object.keys(ALL), 2)) yield program([[1, a]], [[2, b]])
}

/** Two tasks of two, and three tasks of one. */
function* foursAndTriples(): Generator<OverlappingProgram> {
  const names = Object.keys(OPERATIONS)
  for (const [a = '', b = '', c = '', d = ''] of choices(names, 4))
    yield program(
      [
        [1, a],
        [3, c],
      ],
      [
        [2, b],
        [4, d],
      ],
    )
  for (const [a = '', b = '', c = ''] of choices(names, 3)) yield program([[1, a]], [[2, b]], [[3, c]])
}

/** Without a writer there is nothing to cut. */
function hasWriter({ tasks }: OverlappingProgram): boolean {
  return tasks.flat().some(({ kind }) => kind !== 'read' && kind !== 'read-bytes')
}

const LANES = [
  { lanes: 'mutex', subject: subjectOf(), programs: [...pairs(), ...foursAndTriples()] },
  { lanes: 'shared', subject: subjectOf({ makeParts: sharedParts }), programs: [...pairs()] },
]

export interface OverlappingReport
  extends WorkloadReport, Pick<OverlappingCheckResult, 'schedules' | 'points'> {}

export async function* longOverlapping(): AsyncGenerator<OverlappingReport> {
  for (const { lanes, subject, programs } of LANES) {
    const { engine } = subject
    const image = smallImage(engine)
    for (const model of ['px86', 'buffered'] as const)
      for (const { name, tasks } of programs.filter(hasWriter)) {
        const options = { engine, image, model, tasks, duringRecovery: true }
        const { violation, recovery, ...found } = await checkOverlapping(options)
        yield {
          ...found,
          classes: found.classes + recovery.classes,
          states: found.states + recovery.states,
          name: `${lanes} lanes: ${name}, ${model}`,
          problem: violation?.problem,
          replay: violation?.schedule,
        }
      }
  }
}
