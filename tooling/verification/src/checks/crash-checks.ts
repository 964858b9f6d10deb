/** Power failures at every point of a workload. */
import { checkCrashes, type CrashCheckResult, type CrashOperation } from '@bttkit/checker-crash'
import type { PowerFailModel } from '@bttkit/pmem-power-fail'
import type { Subject } from '../subject.ts'
import { runAll, type Check, type Verdict } from './check.ts'
import { smallImage, twoArenas, withInterruptedWrite, withLostSectors } from './images.ts'

/** Classes for each point. An engine without bugs has fewer; one with a bug may have more than anybody can run. */
export const LIMIT = 300

export function crashVerdict(name: string, result: CrashCheckResult): Verdict {
  const { classes, states, recovery, samples, isExhaustive, violations } = result
  const [violation] = violations
  return {
    problem: violation && `${name}: ${violation.problem}`,
    runs: classes + recovery.classes + samples,
    states: states + recovery.states + BigInt(samples),
    isComplete: isExhaustive,
    replay: violation,
  }
}

// LBAs from 30 on: what searches for a BTT looks at the first blocks, and thereby decides about what is in flight there.

/** One sector again and again: each lane writes more often than its flog has slots, and than there are sequence numbers. */
export const ONE_SECTOR: readonly CrashOperation[] = [1, 2, 3, 4, 5, 6, 7, 8].map((value) => ({
  kind: 'write',
  lba: 33,
  count: 1,
  value,
}))

/** Each kind of operation, on whole sectors, parts of them, and several; sectors that were written before, that are zero, and that never were. */
export function everyKind(sectorSize: number): CrashOperation[] {
  return [
    { kind: 'write', lba: 33, count: 1, value: 1 },
    { kind: 'write', lba: 33, count: 2, value: 2 },
    { kind: 'zero', lba: 34, count: 2 },
    { kind: 'write-bytes', offset: 34 * sectorSize + 100, length: sectorSize, value: 3 },
    { kind: 'zero-bytes', offset: 32 * sectorSize + 300, length: sectorSize },
    { kind: 'flush' },
    { kind: 'write', lba: 60, count: 1, value: 4 },
  ]
}

export const AFTERWARDS: readonly CrashOperation[] = [
  { kind: 'write', lba: 34, count: 2, value: 8 },
  { kind: 'zero', lba: 33, count: 1 },
  { kind: 'write', lba: 60, count: 1, value: 9 },
]

export const MODELS: readonly PowerFailModel[] = ['px86', 'px86-non-temporal', 'torn-512', 'buffered']

function check(
  name: string,
  parts: (subject: Subject, model: PowerFailModel) => CrashCheckResult,
  models: readonly PowerFailModel[] = MODELS,
): Check {
  return {
    name,
    checker: 'crashes',
    run: (subject) =>
      runAll(models.map((model) => () => crashVerdict(`${name}, ${model}`, parts(subject, model)))),
  }
}

export const CRASH_CHECKS: readonly Check[] = [
  check('writes of one sector', ({ engine }, model) =>
    checkCrashes({ engine, image: smallImage(engine), model, workload: ONE_SECTOR, limit: LIMIT }),
  ),
  check('every kind of operation, and its recovery', ({ engine }, model) =>
    checkCrashes({
      engine,
      image: smallImage(engine),
      model,
      workload: everyKind(512),
      duringRecovery: true,
      operationsAfterwards: AFTERWARDS,
      limit: LIMIT,
    }),
  ),
  check(
    'sectors with metadata',
    ({ engine }, model) =>
      checkCrashes({
        engine,
        image: smallImage(engine, 520),
        model,
        workload: everyKind(512).slice(0, 5),
        duringRecovery: true,
        limit: LIMIT,
      }),
    ['px86-non-temporal'],
  ),
  check(
    'lost sectors are written',
    ({ engine }, model) =>
      checkCrashes({
        engine,
        image: withLostSectors(engine, smallImage(engine), [33, 35, 60]),
        model,
        workload: [
          { kind: 'write', lba: 33, count: 1, value: 1 },
          { kind: 'zero', lba: 35, count: 1 },
          { kind: 'write', lba: 60, count: 1, value: 2 },
          { kind: 'write', lba: 34, count: 2, value: 3 },
        ],
        duringRecovery: true,
        operationsAfterwards: AFTERWARDS,
        limit: LIMIT,
      }),
    ['px86', 'buffered'],
  ),
  check(
    'writes through',
    ({ engine }, model) =>
      checkCrashes({
        engine,
        image: smallImage(engine),
        model,
        workload: everyKind(512),
        writesThrough: true,
        limit: LIMIT,
      }),
    ['px86', 'buffered'],
  ),
  check(
    'operations over two arenas',
    ({ engine }, model) => {
      const image = twoArenas(engine)
      const border = sectorsOfFirstArena(image)
      const workload: CrashOperation[] = [
        { kind: 'write', lba: border - 1, count: 2, value: 1 },
        { kind: 'write', lba: border, count: 1, value: 2 },
        { kind: 'write', lba: border + 1, count: 1, value: 3 },
        { kind: 'write', lba: border + 2, count: 1, value: 4 },
        { kind: 'zero', lba: border - 1, count: 2 },
      ]
      return checkCrashes({ engine, image, model, workload, duringRecovery: true, limit: LIMIT })
    },
    ['px86'],
  ),
  check(
    'writes after a recovery',
    ({ engine }, model) =>
      checkCrashes({
        engine,
        image: withInterruptedWrite(engine, smallImage(engine), 0),
        model,
        // Of other lines of the map, so that they do not make durable what the recovery left.
        workload: [60, 61, 80, 81].map((lba) => ({ kind: 'write', lba, count: 1, value: lba })),
        operationsAfterwards: [{ kind: 'write', lba: 38, count: 2, value: 8 }],
        limit: LIMIT,
      }),
    ['px86', 'px86-non-temporal'],
  ),
  check(
    'the process dies, and the power fails in the recovery',
    ({ engine }, model) =>
      checkCrashes({
        engine,
        image: smallImage(engine),
        model,
        workload: everyKind(512),
        afterDeath: true,
        limit: LIMIT,
      }),
    ['px86', 'buffered'],
  ),
]

/** The info block of the first arena says how many sectors it has. */
function sectorsOfFirstArena(image: Uint8Array): number {
  return new DataView(image.buffer).getUint32(4096 + 60, true)
}
