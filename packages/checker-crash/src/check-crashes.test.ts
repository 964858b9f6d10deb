import { describe, expect, test } from 'vitest'
import type { CallStage, Engine } from '@bttkit/interfaces'
import { POWER_FAIL_MODELS, type PowerFailModel } from '@bttkit/pmem-power-fail'
import { checkCrashes, replayCrash, type CrashCheckResult, type CrashOperation } from './index.ts'
import {
  engine,
  engineThatForgetsWrites,
  engineZeroingByData,
  smallImage,
  twoArenas,
  withoutFlushOf,
} from './crash-check.test-support.ts'

const SECTORS_512 = smallImage(512)
const SECTORS_4096 = smallImage(4096)

// LBAs from 30 on: what searches for a BTT looks at the first blocks, and thereby decides about what is in flight there.

/** Each kind of operation, on whole sectors, parts of them, and several; sectors that were written before, that are zero, and that never were. */
function everyKind(sectorSize: number): CrashOperation[] {
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

const AFTERWARDS: CrashOperation[] = [
  { kind: 'write', lba: 34, count: 2, value: 8 },
  { kind: 'zero', lba: 33, count: 1 },
  { kind: 'write', lba: 60, count: 1, value: 9 },
]

test.each(POWER_FAIL_MODELS)(
  '%s: every operation survives a power failure at any point, and at any point of the recovery',
  (model) => {
    const result = checkCrashes({
      engine,
      image: SECTORS_4096,
      model,
      workload: everyKind(4096),
      duringRecovery: true,
      operationsAfterwards: AFTERWARDS,
    })
    expect(result.violations).toEqual([])
    expect(result).toMatchObject({ isExhaustive: true, samples: 0 })
    expect(result.recovery.points).toBeGreaterThan(0)
  },
)

const ZEROING = { flags: engine, data: engineZeroingByData }

test.each([
  ...[512, 520, 528, 4104, 4160, 4224].map((lbasize) => ({ lbasize, zeroing: 'flags' as const })),
  ...[512, 520, 4104].map((lbasize) => ({ lbasize, zeroing: 'data' as const })),
])(
  'sectors of $lbasize bytes survive, and their metadata with them, zeroed by $zeroing',
  ({ lbasize, zeroing }) => {
    const sectorSize = lbasize < 4096 ? 512 : 4096
    const result = checkCrashes({
      engine: ZEROING[zeroing],
      image: smallImage(lbasize),
      model: 'px86-non-temporal',
      workload: everyKind(sectorSize).slice(0, 5),
      duringRecovery: true,
    })
    expect(result.violations).toEqual([])
    expect(result.isExhaustive).toBe(true)
  },
)

test.each(['px86', 'buffered'] as const)(
  '%s: every operation survives on storage that writes through, at the same points',
  (model) => {
    const options = { engine, image: SECTORS_4096, model, workload: everyKind(4096) }
    const through = checkCrashes({ ...options, writesThrough: true })
    expect(through.violations).toEqual([])
    expect(through.points).toBe(checkCrashes(options).points)
  },
)

describe('before a write-back cache', () => {
  const writes = (...values: number[]): CrashOperation[] =>
    values.map((value) => ({ kind: 'write', lba: 33, count: 1, value }))
  const flush: CrashOperation = { kind: 'flush' }
  const check = (
    workload: CrashOperation[],
    limitBytes: number,
    engineOf: Engine = engine,
  ): CrashCheckResult =>
    checkCrashes({
      engine: engineOf,
      image: SECTORS_4096,
      model: 'px86',
      workload,
      writeBack: { limitBytes },
    })

  test.each([
    { limitBytes: 1, model: 'px86', duringRecovery: true },
    { limitBytes: 15_000, model: 'buffered', duringRecovery: true },
    { limitBytes: 15_000, model: 'px86', afterDeath: true },
  ] as const)('every operation survives, as it was at the last flush or became since: %j', (options) => {
    const { limitBytes, ...others } = options
    const workload = [...everyKind(4096), ...everyKind(4096).toReversed()]
    const result = checkCrashes({
      engine,
      image: SECTORS_4096,
      workload,
      writeBack: { limitBytes },
      operationsAfterwards: AFTERWARDS,
      ...others,
    })
    expect(result.violations).toEqual([])
    expect(result.isExhaustive).toBe(true)
  })

  test('what is only in memory may be lost, or be there', () => {
    expect(check(writes(1, 2, 3), 2 ** 20).violations).toEqual([])
    expect(check(writes(1, 2, 3), 1).violations).toEqual([])
  })

  test('what a flush was over for has to be there', () => {
    expect(check([...writes(1), flush], 2 ** 20, engineThatForgetsWrites()).violations[0]?.problem).toContain(
      'at the end of operation 1 (flush): LBA 33 is not what was acknowledged',
    )
  })
})

test('operations over the border of two arenas survive', () => {
  const image = twoArenas(4096)
  const lba = 4083 // The last sector of the first arena.
  const workload: CrashOperation[] = [
    { kind: 'write', lba, count: 2, value: 1 },
    { kind: 'write-bytes', offset: lba * 4096 + 1000, length: 4096, value: 2 },
    { kind: 'zero', lba, count: 2 },
  ]
  const result = checkCrashes({ engine, image, model: 'px86', workload, duringRecovery: true })
  expect(result.violations).toEqual([])
  expect(result.isExhaustive).toBe(true)
})

const ONE_WRITE: CrashOperation[] = [{ kind: 'write', lba: 33, count: 1, value: 1 }]

test.each([
  // Eight lines of eight words of data, which nobody reads. Then the first half of the flog entry, there or not; both halves, of which the second is never there
  // alone; the map entry, there or not. Then the end.
  { model: 'px86', classes: 1 + 2 + 3 + 2 + 1, states: 2n ** 64n + 2n + 3n + 2n + 1n },
  // 64 words of data. The first half is durable before the second is stored.
  { model: 'px86-non-temporal', classes: 1 + 2 + 2 + 2 + 1, states: 2n ** 64n + 2n + 2n + 2n + 1n },
  // The data are one sector. The map entry is in another one than the flog.
  { model: 'torn-512', classes: 1 + 2 + 3 + 2 + 1, states: 2n + 2n + 3n + 2n + 1n },
  { model: 'buffered', classes: 1 + 2 + 2 + 2 + 1, states: 2n + 2n + 2n + 2n + 1n },
  { model: 'strict', classes: 5, states: 5n },
] as const)(
  '$model: the points, classes and states of one write of a sector are those that one counts by hand',
  ({ model, classes, states }) => {
    const result = checkCrashes({ engine, image: SECTORS_512, model, workload: ONE_WRITE })
    expect(result).toMatchObject({ points: 5, classes, states })
  },
)

test('a power failure in the recovery counts what it may leave in each state of the first one', () => {
  const options = { engine, image: SECTORS_512, workload: ONE_WRITE, duringRecovery: true }
  const result = checkCrashes({ ...options, model: 'px86' })
  // The recovery stores one map entry, and only where the flog entry is whole and the map entry is old: half 1 there, and map entry not there.
  expect(result.recovery).toEqual({ points: 2, classes: 4, states: 4n })
})

const ONE_AFTER_ANOTHER: CrashOperation[] = [1, 2, 3, 4].map((value) => ({
  kind: 'write',
  lba: 33,
  count: 1,
  value,
}))

test.each<[PowerFailModel, CallStage, RegExp]>([
  ['px86', 'data', /LBA 33 is no complete version/],
  ['px86', 'flog', /mappedAndFree/],
  // Both lanes have written since the map entry was stored.
  ['px86', 'map', /cannot be attached/],
  ['px86-non-temporal', 'data', /LBA 33 is no complete version/],
  ['px86-non-temporal', 'flog half 0', /mappedAndFree/],
  ['px86-non-temporal', 'flog half 1', /mappedAndFree/],
  ['torn-512', 'data', /LBA 33 is no complete version/],
  ['buffered', 'flog half 0', /mappedAndFree/],
  ['buffered', 'flog half 1', /mappedAndFree/],
])('%s: an engine that does not flush the %s is found', (model, stage, problem) => {
  const { violations } = checkCrashes({
    engine: withoutFlushOf(stage),
    image: SECTORS_512,
    model,
    workload: ONE_AFTER_ANOTHER,
    limit: 300,
  })
  expect(violations).toHaveLength(1)
  expect(violations[0]?.problem).toMatch(problem)
})

test.each(['px86', 'px86-non-temporal', 'buffered'] as const)(
  '%s: what a dead process left survives a power failure in the recovery from it',
  (model) => {
    const options = { engine, image: SECTORS_512, model, workload: everyKind(512), afterDeath: true }
    const result = checkCrashes(options)
    expect(result).toMatchObject({ violations: [], isExhaustive: true })
    expect(result.points).toBeGreaterThan(0)
  },
)

test('a recovery that builds on what a dead process left in flight is found', () => {
  // Where the halves of a flog entry are flushed one by one, the only other flush of the flog is that of the attach.
  const options = {
    engine: withoutFlushOf('flog'),
    image: SECTORS_512,
    model: 'px86-non-temporal',
    workload: ONE_WRITE,
  } as const
  expect(checkCrashes(options).violations).toEqual([])
  const [violation] = checkCrashes({ ...options, afterDeath: true }).violations
  expect(violation?.problem).toMatch(
    /^death of the process in operation 0 .*, and power failure in the recovery .*: blocks have not one holder each/,
  )
})

/** An engine whose storage takes writes and stores nothing. */
const forgetful: Engine = {
  attach: (provider, options) =>
    engine.attach(
      {
        name: provider.name,
        size: provider.size,
        capabilities: provider.capabilities,
        readOnly: provider.readOnly,
        read: (offset, target) => provider.read(offset, target),
        write: () => undefined,
        flush: () => provider.flush(),
        close: () => provider.close(),
      },
      options,
    ),
  create: (provider, options) => engine.create(provider, options),
  join: (provider, share) => engine.join(provider, share),
}

test('what was acknowledged and is not there is found', () => {
  const options = { engine: forgetful, image: SECTORS_512, model: 'px86', workload: ONE_WRITE } as const
  expect(checkCrashes(options).violations[0]?.problem).toBe(
    'power failure at the end of operation 0 (write of LBA 33): LBA 33 is not what was acknowledged, from its byte 0 on',
  )
})

test('a violation is seen again from its JSON', () => {
  const options = {
    engine: withoutFlushOf('data'),
    image: SECTORS_512,
    model: 'torn-512' as const,
    workload: ONE_AFTER_ANOTHER,
  }
  const [violation] = checkCrashes(options).violations
  expect(violation).toBeDefined()
  const state = JSON.parse(JSON.stringify(violation)) as NonNullable<typeof violation>
  const problem = replayCrash(options, state)
  expect(problem).toBeDefined()
  expect(violation?.problem.endsWith(problem ?? '')).toBe(true)
  expect(replayCrash({ ...options, engine }, { point: state.point, choices: [] })).toBeUndefined()
})

test('more violations than one are found where they are asked for', () => {
  const options = {
    engine: withoutFlushOf('map'),
    image: SECTORS_512,
    model: 'px86',
    workload: ONE_AFTER_ANOTHER,
  } as const
  const result = checkCrashes({ ...options, mostViolations: 3 })
  expect(result.violations).toHaveLength(3)
  expect(result.isExhaustive).toBe(false)
})

/** An engine that destroys the map entry of LBA 34 before it recovers, and puts it back at once. */
const carelessInRecovery: Engine = {
  attach: function* (provider, options) {
    const { info } = yield* engine.attach(provider, { ...options, readOnly: true })
    const [arena] = info.arenas
    if (info.state === 'needs-recovery' && arena !== undefined) {
      const at = arena.offset + arena.mapoff + 34 * 4
      const entry = new Uint8Array(4)
      void provider.read(at, entry)
      void provider.write(at, Uint8Array.of(7, 0, 0, 0xc0))
      void provider.write(at, entry)
    }
    return yield* engine.attach(provider, options)
  },
  create: (provider, options) => engine.create(provider, options),
  join: (provider, share) => engine.join(provider, share),
}

test('what is wrong only where the power fails again in the recovery is found there, and seen again', () => {
  const options = {
    engine: carelessInRecovery,
    image: SECTORS_512,
    model: 'px86' as const,
    workload: ONE_WRITE,
  }
  expect(checkCrashes(options).violations).toEqual([])
  const [violation] = checkCrashes({ ...options, duringRecovery: true }).violations
  expect(violation?.problem).toMatch(
    /again after store 0 of the recovery: LBA 34 is not what was acknowledged/,
  )
  expect(violation?.recovery?.point).toBe(0)
  const state = JSON.parse(JSON.stringify(violation)) as NonNullable<typeof violation>
  expect(violation?.problem.endsWith(replayCrash(options, state) ?? 'nothing')).toBe(true)
})

test('a limit of classes ends each point, and samples the rest', () => {
  const options = { engine, image: SECTORS_512, model: 'px86', workload: ONE_WRITE } as const
  const result = checkCrashes({ ...options, limit: 2, seed: 3 })
  // Only where both halves of the flog entry are in flight there are more classes than two.
  expect(result).toMatchObject({
    classes: 1 + 2 + 2 + 2 + 1,
    samples: 2,
    isExhaustive: false,
    violations: [],
  })
})

test.each([
  { point: 5, choices: [] },
  { point: -1, choices: [] },
  { point: 0, choices: [{ unit: 1, version: 0 }] },
  { point: 4, choices: [], recovery: { point: 0, choices: [] } },
])('a state that the workload does not lead to is refused: %j', (state) => {
  const options = { engine, image: SECTORS_512, model: 'px86', workload: ONE_WRITE } as const
  expect(() => replayCrash(options, state)).toThrow(TypeError)
})
