import { expect, test } from 'vitest'
import { MapGrid } from './map-grid.ts'

const NOTHING = { initial: 0, error: 0, zero: 0, normal: 0, unknown: 0, wrong: 0 }

test('a map of few sectors has a cell for each', () => {
  const grid = new MapGrid(5, 768)
  expect(grid.runSectors).toBe(1)
  expect(grid.cells()).toHaveLength(5)
})

test('a cell of a larger map is a power of two of sectors, and the last one what is left', () => {
  const grid = new MapGrid(1000, 100)
  expect(grid.runSectors).toBe(16)
  expect(grid.cells().map(({ count }) => count)).toEqual([...Array.from({ length: 62 }, () => 16), 8])
})

test('as many cells are made as were asked for at most, whatever the size', () => {
  for (const sectors of [767, 768, 769, 1537, 2 ** 31 + 1])
    expect(new MapGrid(sectors, 768).cells().length).toBeLessThanOrEqual(768)
})

test('runs are added up in the cell that they are in', () => {
  const grid = new MapGrid(32, 2)
  grid.add({ ...NOTHING, first: 0, initial: 4 })
  grid.add({ ...NOTHING, first: 4, normal: 12, wrong: 1 })
  grid.add({ ...NOTHING, first: 16, error: 16 })
  expect(grid.cells()).toMatchObject([
    { first: 0, sectors: { initial: 4, normal: 12, error: 0 }, wrong: 1 },
    { first: 16, sectors: { initial: 0, error: 16 }, wrong: 0 },
  ])
})
