import { expect, test } from 'vitest'
import { comparisonReport, figure } from './sample-report.test-support.ts'
import { axisFor, stripPlot } from './strip-plot.ts'

test('values that are near each other have an axis from 0', () => {
  const { at, ticks } = axisFor([30, 60, 90])
  expect(ticks[0]).toBe(0)
  expect(at(60) - at(30)).toBeCloseTo(at(90) - at(60))
  expect(at(30) - at(0)).toBeCloseTo(at(60) - at(30))
})

test('values far apart have a logarithmic one, so that small ones can be told apart', () => {
  const { at, ticks } = axisFor([1, 10, 100])
  expect(at(10) - at(1)).toBeCloseTo(at(100) - at(10))
  expect(ticks).toEqual([1, 2, 5, 10, 20, 50, 100])
})

test.each([
  [[5], 5],
  [[1, 1e9], 1e9],
])('ticks are few and within the plot: %j', (values, max) => {
  const { at, ticks } = axisFor(values)
  expect(ticks.length).toBeGreaterThan(1)
  expect(ticks.length).toBeLessThanOrEqual(9)
  for (const tick of ticks) expect(at(tick)).toBeLessThanOrEqual(at(max))
})

test('every round has a mark, of the shape of its kind', () => {
  const plot = stripPlot(comparisonReport())
  expect(plot.match(/<circle /g)?.length).toBe(3)
  expect(plot.match(/<rect /g)?.length).toBe(3)
  expect(plot.match(/class="median"/g)?.length).toBe(2)
})

test('names are text', () => {
  const plot = stripPlot(comparisonReport({ figures: [figure('<b>', [1, 2, 3], null)] }))
  expect(plot).not.toContain('<b>')
  expect(plot).toContain('&lt;b&gt;')
})
