import { expect, test } from 'vitest'
import { BttEngine } from '@bttkit/btt'
import { partsWith } from '@bttkit/checker-lanes'
import type { CallStage, Engine, PmemProvider } from '@bttkit/interfaces'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import {
  checkOverlapping,
  replayOverlapping,
  type CrashCounts,
  type CrashOperation,
  type CrashRead,
} from './index.ts'
import {
  engine,
  engineOver,
  engineZeroingByData,
  smallImage,
  withoutFlushOf,
} from './crash-check.test-support.ts'

const image = smallImage(512)
const write = (lba: number, value: number, count = 1): CrashOperation => ({
  kind: 'write',
  lba,
  count,
  value,
})
const zero: CrashOperation = { kind: 'zero', lba: 33, count: 2 }
const readOfTwo: CrashRead = { kind: 'read', lba: 33, count: 2 }
const readOfAPart: CrashRead = { kind: 'read-bytes', offset: 33 * 512 + 100, length: 600 }
const part: CrashOperation = { kind: 'write-bytes', offset: 33 * 512 + 100, length: 50, value: 3 }

const PROGRAMS: [string, (CrashOperation | CrashRead)[][]][] = [
  ['two writes of one sector', [[write(33, 1)], [write(33, 2)]]],
  ['writes of neighbours', [[write(33, 1)], [write(34, 2)]]],
  ['a write and a zeroing', [[write(33, 1)], [zero]]],
  ['a write and one of a part', [[write(33, 1)], [part]]],
  ['a write of two sectors, and who reads them', [[write(33, 1, 2)], [readOfTwo]]],
  ['a write of a part, and who reads it and what is beside it', [[part], [readOfAPart]]],
  ['two writes and a reader of one task, and a zeroing', [[write(33, 1), readOfTwo], [zero]]],
]

test.each(PROGRAMS)('px86 and buffered: %s survive, with two preemptions', async (_, tasks) => {
  for (const model of ['px86', 'buffered'] as const) {
    const result = await checkOverlapping({ engine, image, model, tasks, duringRecovery: true })
    expect(result).toMatchObject({ violation: undefined, isExhaustive: true })
    expect(result.points).toBeGreaterThan(result.schedules / 10)
  }
})

test.each([
  ['a reader', [[zero], [readOfTwo]]],
  ['a write', [[write(33, 1)], [zero]]],
])(
  'zeroing by data beside %s survives as a write does: no power failure takes zeros back',
  async (_, tasks) => {
    for (const model of ['px86', 'buffered'] as const) {
      const options = { engine: engineZeroingByData, image, model, tasks, duringRecovery: true }
      const found = await checkOverlapping(options)
      expect(found).toMatchObject({ violation: undefined, isExhaustive: true, takenBack: 0 })
    }
  },
)

test('progress is told after each schedule, the last one among them', async () => {
  const told: { schedules: number; counts: CrashCounts }[] = []
  const { schedules, points, classes, states } = await checkOverlapping({
    engine,
    image,
    model: 'buffered',
    tasks: [[write(33, 1)], [write(34, 2)]],
    maxPreemptions: 0,
    onProgress: (done, counts) => void told.push({ schedules: done, counts }),
  })
  expect(told.map((each) => each.schedules)).toEqual([1, 2])
  expect(told.at(-1)).toEqual({ schedules, counts: { points, classes, states } })
})

test('without preemptions two tasks have two schedules, with a moment after each store and at each end', async () => {
  const tasks = [[write(33, 1)], [write(60, 2)]]
  const result = await checkOverlapping({ engine, image, model: 'strict', tasks, maxPreemptions: 0 })
  // Data, two halves, map entry and the end, twice, in two orders. At the end the storage is as it was after the map entry: looked at once.
  expect(result).toMatchObject({ schedules: 2, points: 20, classes: 16, states: 16n, isExhaustive: true })
})

test('a power failure takes back zeros that somebody has read already, and nothing else', async () => {
  const takenBack = async (operation: CrashOperation): Promise<number> => {
    const tasks = [[operation], [readOfTwo]]
    return (await checkOverlapping({ engine, image, model: 'px86', tasks })).takenBack
  }
  expect(await takenBack(zero)).toBeGreaterThan(0)
  expect(await takenBack(write(33, 1, 2))).toBe(0)
  expect(await takenBack(part)).toBe(0)
})

test('the power fails again at each store of the recovery of two writes', async () => {
  const tasks = [[write(33, 1)], [write(34, 2)]]
  const result = await checkOverlapping({ engine, image, model: 'px86', tasks, duringRecovery: true })
  const once = await checkOverlapping({ engine, image, model: 'px86', tasks })
  expect(once.recovery.points).toBe(0)
  expect(result).toMatchObject({ violation: undefined, classes: once.classes, states: once.states })
  // Where both are to be completed, after the first map entry the second one is still to come.
  expect(result.recovery.points).toBeGreaterThan(2)
  expect(result.recovery.classes).toBeGreaterThan(result.recovery.points)
})

/** Locks nothing. */
const withoutMapLocks: Engine = new BttEngine({
  ...partsWith('mutex'),
  lockTable: () => ({ lockCount: 4, tryAcquire: () => true, *acquire() {}, release: () => {} }),
})

test.each([
  ['that leaves out the flush of data', withoutFlushOf('data')],
  ['without map locks', withoutMapLocks],
])('an engine %s is found, and seen again', async (_, wrong) => {
  const options = {
    engine: wrong,
    image,
    model: 'px86' as const,
    tasks: [[write(33, 1)], [write(33, 2)]],
    limit: 20,
  }
  const { violation } = await checkOverlapping(options)
  expect(violation).toBeDefined()
  expect(replayOverlapping(options, violation?.schedule ?? '')).toBe(violation?.problem)
})

/** Storage that gives others wrong data from a store of data to the call that flushes it. In this time nothing changes of what a power failure may leave. */
function wrongWhileUnflushed(inner: PmemProvider): PmemProvider {
  let stage: CallStage | undefined
  let isUnflushed = false
  return {
    name: inner.name,
    size: inner.size,
    readOnly: inner.readOnly,
    capabilities: inner.capabilities,
    annotate: (next) => (stage = next),
    read: (offset, target) => {
      const wait = inner.read(offset, target)
      if (isUnflushed && stage === 'data') target.fill(0xee)
      return wait
    },
    write: (offset, source) => {
      isUnflushed ||= stage === 'data'
      return inner.write(offset, source)
    },
    flush: () => {
      isUnflushed = false
      return inner.flush()
    },
    close: () => inner.close(),
  }
}

test('what was read is judged also where all else is as it was when another read was right', async () => {
  const wrong = engineOver(wrongWhileUnflushed)
  const tasks = [[write(60, 1)], [readOfTwo]]
  const { violation } = await checkOverlapping({ engine: wrong, image, model: 'buffered', tasks })
  expect(violation?.problem).toContain('what LBA 33 holds and what was read of it')
})

test('an engine that stores at each attach is found', async () => {
  const wrong = engineOver((provider) => {
    void provider.write(0, new Uint8Array(8))
    return provider
  })
  const { violation } = await checkOverlapping({
    engine: wrong,
    image,
    model: 'strict',
    tasks: [[write(33, 1)]],
  })
  expect(violation?.problem).toContain('attaching once more stores again')
})

/** Storage that moves data away before each store of a map entry, and back afterwards. */
function withUnsafeMoment(inner: PmemProvider, { start, end }: { start: number; end: number }): PmemProvider {
  let stage: CallStage | undefined
  return {
    name: inner.name,
    size: inner.size,
    readOnly: inner.readOnly,
    capabilities: inner.capabilities,
    annotate: (next) => (stage = next),
    read: (offset, target) => inner.read(offset, target),
    write: (offset, source) => {
      if (stage !== 'map') return inner.write(offset, source)
      const data = new Uint8Array(end - start)
      void inner.read(start, data)
      void inner.write(start, new Uint8Array(data.length))
      void inner.write(start, data)
      return inner.write(offset, source)
    },
    flush: () => inner.flush(),
    close: () => inner.close(),
  }
}

test('what a power failure in a recovery leaves of sectors is judged', async () => {
  const [arena] = runAtomic(engine.attach(new PowerFailMemory({ media: image, model: 'strict' }))).info.arenas
  if (arena === undefined) throw new Error('the image has no arena')
  const start = arena.offset + arena.dataoff
  const data = { start, end: start + 64 * 512 }
  // In a recovery only: there no call may wait.
  const wrong = engineOver((provider) =>
    provider.capabilities.mayWait ? provider : withUnsafeMoment(provider, data),
  )
  const options = { engine: wrong, image, model: 'strict' as const, tasks: [[write(33, 1)]] }
  expect((await checkOverlapping(options)).violation).toBeUndefined()
  const { violation } = await checkOverlapping({ ...options, duringRecovery: true })
  expect(violation?.problem).toContain('what LBA 33 holds')
})

test('where not all states of a moment are judged, the result says so', async () => {
  const options = { engine, image, model: 'px86' as const, tasks: [[write(33, 1)]] }
  expect((await checkOverlapping(options)).isExhaustive).toBe(true)
  expect((await checkOverlapping({ ...options, limit: 1 })).isExhaustive).toBe(false)
})
