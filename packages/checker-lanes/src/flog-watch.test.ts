import { BttEngine } from '@bttkit/btt'
import { FLOG_GROUP_BYTES, FLOG_SLOT_BYTES, encodeFlogEntry } from '@bttkit/btt-format'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import { runAsync } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { FlogWatch } from './flog-watch.ts'

const engine = new BttEngine({
  laneTable: (words, { policy }) => new MutexLaneTable(words.subarray(0, -1), policy),
  lockTable: (words) => new MutexLocks(words, 'map-lock'),
  readTracking: (words) => new LocalReadTracking(words),
})

async function image(logLayout: '0,1' | '0,2') {
  const memory = new MemoryProvider({ size: 17 * 2 ** 20 }, 'memory')
  await runAsync(engine.create(memory, { nfree: 4 }))
  const { info } = await runAsync(engine.attach(memory))
  const [arena] = info.arenas
  const flog = (arena?.offset ?? 0) + (arena?.logoff ?? 0)
  const view = new DataView(memory.mapping.buffer)
  const setSequence = (lane: number, slot: number, seq: number): void =>
    encodeFlogEntry(view, flog + lane * FLOG_GROUP_BYTES + slot * FLOG_SLOT_BYTES, {
      lba: 0,
      oldMap: 9,
      newMap: 9,
      seq,
    })
  return {
    memory,
    watch: new FlogWatch(memory, { ...info, format: { ...info.format, logLayout } }, 3),
    setSequence,
  }
}

test('a lane with equal numbers is seen, once, and stays found when it is hidden again', async () => {
  const { watch, setSequence } = await image('0,1')
  await watch.look()
  expect(watch.found).toEqual({ count: 0, first: [] })
  setSequence(2, 1, 1)
  await watch.look()
  await watch.look()
  setSequence(2, 1, 2)
  await watch.look()
  expect(watch.found).toEqual({ count: 1, first: [{ arena: 0, lane: 2, sequences: [1, 1] }] })
})

test('lanes that are not in use are not looked at', async () => {
  const { watch, setSequence } = await image('0,1')
  setSequence(3, 1, 1)
  await watch.look()
  expect(watch.found.count).toBe(0)
})

test('the slots are those of the layout', async () => {
  const { watch, setSequence } = await image('0,2')
  setSequence(0, 1, 1)
  setSequence(1, 2, 2)
  await watch.look()
  expect(watch.found.count).toBe(0)
  setSequence(1, 2, 3)
  setSequence(1, 0, 3)
  await watch.look()
  expect(watch.found.first).toEqual([{ arena: 0, lane: 1, sequences: [3, 3] }])
})

test('a store that is under way when it looks is no fault', async () => {
  const { memory, watch, setSequence } = await image('0,1')
  setSequence(0, 1, 1)
  const read = memory.read.bind(memory)
  let reads = 0
  memory.read = (offset, target) => {
    if (++reads === 2) setSequence(0, 1, 2)
    return read(offset, target)
  }
  await watch.look()
  expect(watch.found.count).toBe(0)
})
