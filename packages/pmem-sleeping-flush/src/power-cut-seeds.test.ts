/** What survives of a line at a power cut with a seed. */
import { expect, test } from 'vitest'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { SleepingFlushProvider } from './index.ts'

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)

const sources = Array.from({ length: 16 }, (_, index) => filled(8, 2 + index))

/** What is left of a line of ones, each unit of which was written twice and nothing flushed. */
async function afterCut(seed: number, sameLineOrdered = true): Promise<Uint8Array> {
  const bytes = filled(64, 1)
  const memory = new MemoryProvider({ bytes })
  const inner = Object.assign(memory, { capabilities: { ...memory.capabilities, sameLineOrdered } })
  const provider = new SleepingFlushProvider(inner, { losesUnflushed: true })
  for (const [index, source] of sources.entries()) await provider.write((index % 8) * 8, source)
  await provider.powerCut({ seed })
  return bytes
}

test('the same survives for the same seed', async () => {
  expect(await afterCut(7)).toEqual(await afterCut(7))
  const outcomes = new Set<string>()
  for (let seed = 0; seed < 20; seed++) outcomes.add((await afterCut(seed)).toString())
  expect(outcomes.size).toBeGreaterThan(5)
})

test('each unit is as after one of its stores, or as before them', async () => {
  for (let seed = 0; seed < 50; seed++) {
    const bytes = await afterCut(seed, false)
    for (let unit = 0; unit < 8; unit++) {
      const found = [...bytes.subarray(unit * 8, unit * 8 + 8)]
      expect([[...filled(8, 1)], [...filled(8, 2 + unit)], [...filled(8, 10 + unit)]]).toContainEqual(found)
    }
  }
})

test('a line whose stores are in order is as after a first part of them', async () => {
  const prefixes = Array.from({ length: 17 }, (_, count) => {
    const line = filled(64, 1)
    for (const [index, source] of sources.slice(0, count).entries()) line.set(source, (index % 8) * 8)
    return line.toString()
  })
  const found = new Set<string>()
  for (let seed = 0; seed < 100; seed++) found.add((await afterCut(seed)).toString())
  expect(prefixes).toEqual(expect.arrayContaining([...found]))
  expect(found.size).toBeGreaterThan(10)
})

test('a line whose stores are in no order is not always so', async () => {
  let reordered = 0
  for (let seed = 0; seed < 50; seed++) {
    const bytes = await afterCut(seed, false)
    // The second store to unit 1 comes after the second to unit 0.
    if (bytes[8] === 11 && bytes[0] !== 10) reordered++
  }
  expect(reordered).toBeGreaterThan(0)
})
