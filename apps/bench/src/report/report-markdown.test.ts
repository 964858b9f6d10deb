import { expect, test } from 'vitest'
import { reportMarkdown } from './report-markdown.ts'
import { benchReport, comparisonReport } from './sample-report.test-support.ts'

const lines = reportMarkdown(benchReport()).split('\n')

test('goals, with what was measured', () => {
  expect(lines).toContain(
    '| DAX, random write | bttkit: at most 0.85 of the time of libpmemblk | 0.90 | no |',
  )
  expect(lines).toContain('| memory | bttkit: at most 200 MiB | 80.0 MiB | yes |')
})

test('a table for each comparison, with ratios where there is a reference', () => {
  expect(lines).toContain('**DAX, random write**')
  expect(lines).toContain('| bttkit | 1.00 µs | 900 ns | 0.90 |')
  expect(lines).toContain('| libpmemblk | 1.20 µs | 1.00 µs | 1 |')
  expect(lines).toContain('| bttkit | 80.0 MiB | 70.0 MiB |')
})

test('a bar in a name does not end its cell', () => {
  const comparisons = [comparisonReport({ per: 'a | b', goals: [] })]
  expect(reportMarkdown(benchReport({ comparisons }))).toContain(String.raw`| a \| b | median |`)
})
