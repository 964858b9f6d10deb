import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ComparisonReport } from '../measure/report.ts'
import { changesText, compareRatios, loadBaseline } from './compare-reports.ts'
import { benchReport, comparisonReport, figure } from './sample-report.test-support.ts'

function withRatios(ratios: readonly number[], changes: Partial<ComparisonReport> = {}): ComparisonReport {
  return comparisonReport({
    figures: [figure('bttkit', [1, 2, 3], ratios), figure('libpmemblk', [1, 2, 3], null)],
    ...changes,
  })
}

function fileWith(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'btt-bench-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'old.json')
  writeFileSync(path, content)
  return path
}

const TIME = 'time'
const THROUGHPUT = 'throughput'

test.each<[string, ComparisonReport['ratio'], number[], number[]]>([
  ['better', TIME, [0.8, 0.9, 1], [0.5, 0.6, 0.7]],
  ['worse', TIME, [0.5, 0.6, 0.7], [0.8, 0.9, 1]],
  ['better', THROUGHPUT, [2, 3, 4], [5, 6, 7]],
  ['worse', THROUGHPUT, [5, 6, 7], [2, 3, 4]],
  ['same', TIME, [0.8, 0.9, 1], [0.7, 0.85, 0.9]],
  // What was measured badly says nothing.
  ['same', TIME, [0.1, 0.9, 5], [1.8, 2, 2.2]],
])('%s, by %s: %j, now %j', (verdict, ratio, before, now) => {
  const baseline = benchReport({ comparisons: [withRatios(before, { ratio })] })
  const changes = compareRatios(baseline, [withRatios(now, { ratio })])
  expect(changes).toMatchObject([{ suite: 'device', figure: 'bttkit', verdict }])
  expect(changes[0]?.change).toBeCloseTo((now[1] ?? 0) / (before[1] ?? 1))
})

test.each<[string, Partial<ComparisonReport>]>([
  ['another suite', { suite: 'vector' }],
  ['another comparison', { name: 'DAX, random read' }],
  ['another reference', { reference: 'memcpy' }],
  ['another kind of ratio', { ratio: THROUGHPUT }],
  ['another figure', { figures: [figure('somebody', [1, 2, 3], [1, 2, 3])] }],
  ['no ratio', { figures: [figure('bttkit', [1, 2, 3], null)] }],
])('%s is not compared', (_, changes) => {
  const baseline = benchReport({ comparisons: [comparisonReport(changes)] })
  expect(compareRatios(baseline, [comparisonReport()])).toEqual([])
})

test('people see what has become worse', () => {
  const baseline = benchReport({ comparisons: [withRatios([0.5, 0.6, 0.7])] })
  const lines = changesText(compareRatios(baseline, [withRatios([0.8, 0.9, 1])])).split('\n')
  expect(lines[2]).toMatch(/^worse +device: DAX, random write +bttkit +0\.60 +0\.90 +1\.50$/)
  expect(changesText([])).toContain('nothing to compare')
})

test('a report that was written can be read', async () => {
  const report = benchReport()
  const baseline = await loadBaseline(fileWith(JSON.stringify(report)))
  expect(compareRatios(baseline, report.comparisons)).toMatchObject([{ verdict: 'same', change: 1 }])
})

test.each([
  ['no JSON', '{', 'this is no JSON'],
  ['the report of another benchmark', '{"benchmark":"lanes"}', 'this is no report of btt-bench: benchmark '],
  [
    'a ratio that is none',
    JSON.stringify(benchReport()).replace('"median":0.9', '"median":"0.9"'),
    'this is no report of btt-bench: comparisons.0.figures.0.ratio.median ',
  ],
])('a file that is refused: %s', async (_, content, message) => {
  await expect(loadBaseline(fileWith(content))).rejects.toThrow(message)
})

test('a file that is not there is refused', async () => {
  await expect(loadBaseline('/no/such/report.json')).rejects.toThrow('/no/such/report.json: ')
})
