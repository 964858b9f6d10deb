/** A report as a run could have made it, of two comparisons. */
import type { BenchReport, ComparisonReport, Figure } from '../measure/report.ts'

export function figure(name: string, rounds: readonly number[], ratio: readonly number[] | null): Figure {
  const spread = (values: readonly number[]) => {
    const sorted = values.toSorted((a, b) => a - b)
    const [min = 0, median = 0, max = 0] = sorted
    return { min, median, max }
  }
  return {
    name,
    kind: name === 'bttkit' ? 'ours' : 'peer',
    value: spread(rounds),
    ratio: ratio === null ? null : spread(ratio),
    rounds,
  }
}

export function comparisonReport(changes: Partial<ComparisonReport> = {}): ComparisonReport {
  return {
    suite: 'device',
    name: 'DAX, random write',
    unit: 'ns',
    per: 'a sector',
    ratio: 'time',
    reference: 'libpmemblk',
    unitsPerRound: 100,
    figures: [
      figure('bttkit', [900, 1000, 1100], [0.8, 0.9, 1]),
      figure('libpmemblk', [1000, 1200, 1300], null),
    ],
    goals: [
      { contestant: 'bttkit', to: 'libpmemblk', is: 'at most', limit: 0.85, reached: 0.9, isReached: false },
    ],
    ...changes,
  }
}

export function benchReport(changes: Partial<BenchReport> = {}): BenchReport {
  return {
    benchmark: 'suites',
    machine: {
      cpu: 'Fast <Processor> & "Co"',
      cores: 2,
      memoryBytes: 2 ** 34,
      system: 'Linux 6 x64',
      node: 'v26',
      loadAverage: 0.5,
    },
    storage: { memory: 'tmpfs', disk: 'ext4' },
    command: "btt-bench --only '<script>alert(1)</script>'",
    startedAt: '2026-01-02T03:04:05.000Z',
    seed: 1,
    isQuick: false,
    seconds: 10,
    comparisons: [
      comparisonReport(),
      comparisonReport({
        suite: 'attach',
        name: 'memory',
        unit: 'MiB',
        reference: null,
        figures: [figure('bttkit', [70, 80, 900], null)],
        goals: [{ contestant: 'bttkit', to: null, is: 'at most', limit: 200, reached: 80, isReached: true }],
      }),
    ],
    skipped: [{ what: 'nbdkit', reason: 'it is <not> installed' }],
    ...changes,
  }
}
