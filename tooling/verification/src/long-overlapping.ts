/** Pairs of operations that overlap, and power failures at each moment of each schedule with at most two preemptions: the long run over the engine as it is. */
import { checkOverlapping, type CrashOperation } from '@bttkit/checker-crash'
import { smallImage } from './checks/images.ts'
import type { WorkloadReport } from './long-crashes.ts'
import type { Subject } from './subject.ts'

const LBA = 33
const SECTOR_BYTES = 512

/** Each writes with a number of its own. */
const OPERATIONS: Readonly<Record<string, (value: number) => CrashOperation>> = {
  write: (value) => ({ kind: 'write', lba: LBA, count: 1, value }),
  'write of two': (value) => ({ kind: 'write', lba: LBA, count: 2, value }),
  'write of a part': (value) => ({
    kind: 'write-bytes',
    offset: LBA * SECTOR_BYTES + 100,
    length: 50,
    value,
  }),
  zero: () => ({ kind: 'zero', lba: LBA, count: 2 }),
  'write elsewhere': (value) => ({ kind: 'write', lba: 60, count: 1, value }),
}

export interface OverlappingReport extends WorkloadReport {
  readonly schedules: number
}

export async function* longOverlapping({ engine }: Subject): AsyncGenerator<OverlappingReport> {
  const image = smallImage(engine)
  const operations = Object.entries(OPERATIONS)
  for (const model of ['px86', 'buffered'] as const)
    for (const [index, [first, makeFirst]] of operations.entries())
      for (const [second, makeSecond] of operations.slice(index)) {
        const tasks = [[makeFirst(1)], [makeSecond(2)]]
        const { violation, ...found } = await checkOverlapping({ engine, image, model, tasks })
        yield {
          ...found,
          name: `${first} | ${second}, ${model}`,
          problem: violation?.problem,
          replay: violation?.schedule,
        }
      }
}
