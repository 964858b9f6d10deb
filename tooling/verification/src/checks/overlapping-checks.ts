/** Operations that overlap, and power failures at each moment of each schedule with few preemptions: for bugs that show in no schedule without a power failure, and in none of operations in turn. */
import { checkOverlapping, type CrashOperation, type CrashRead } from '@bttkit/checker-crash'
import type { Subject } from '../subject.ts'
import { runAll, type Check, type Verdict } from './check.ts'
import { smallImage } from './images.ts'

/** Classes for each moment. An engine without bugs has fewer. */
const LIMIT = 300

type Tasks = readonly (readonly (CrashOperation | CrashRead)[])[]

/** LBAs from 33 to 36 are in one line of the map. */
const PROGRAMS: Readonly<Record<string, Tasks>> = {
  'two writes of one sector': [
    [{ kind: 'write', lba: 33, count: 1, value: 1 }],
    [{ kind: 'write', lba: 33, count: 1, value: 2 }],
  ],
  'two zeroings of one line': [[{ kind: 'zero', lba: 33, count: 2 }], [{ kind: 'zero', lba: 35, count: 2 }]],
  'a write, a read, and a zeroing': [
    [
      { kind: 'write', lba: 33, count: 1, value: 1 },
      { kind: 'read', lba: 33, count: 2 },
    ],
    [{ kind: 'zero', lba: 33, count: 2 }],
  ],
  'a write of a part, and a read': [
    [{ kind: 'write-bytes', offset: 33 * 512 + 100, length: 50, value: 1 }],
    [{ kind: 'read', lba: 33, count: 1 }],
  ],
}

async function verdictOn({ engine }: Subject, name: string, tasks: Tasks): Promise<Verdict> {
  const image = smallImage(engine)
  const run = async (model: 'px86' | 'buffered'): Promise<Verdict> => {
    const options = { engine, image, model, tasks, duringRecovery: true, limit: LIMIT }
    const { violation, recovery, ...found } = await checkOverlapping(options)
    return {
      problem: violation && `${name}, ${model}: ${violation.problem}`,
      runs: found.classes + recovery.classes,
      states: found.states + recovery.states,
      isComplete: found.isExhaustive,
      replay: violation?.schedule,
    }
  }
  return runAll([() => run('px86'), () => run('buffered')])
}

export const OVERLAPPING: Check = {
  name: 'power failures under operations that overlap',
  checker: 'crashes',
  run: (subject) =>
    runAll(
      Object.entries(PROGRAMS).map(
        ([name, tasks]) =>
          () =>
            verdictOn(subject, name, tasks),
      ),
    ),
}
