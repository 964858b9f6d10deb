/** The benchmarks run, and print what they say they do. How fast anything is, is not tested. */
import { expect, test } from 'vitest'
import type { LaneCostReport } from './lane-costs.ts'
import { bench, benchReport } from './program.test-support.ts'
import type { ThroughputReport } from './thread-throughput.ts'

const MACHINE = {
  cpu: expect.any(String) as string,
  cores: expect.any(Number) as number,
  node: process.version,
  loadAverage: expect.any(Number) as number,
}

function expectPositive(...figures: readonly number[]): void {
  for (const figure of figures) expect(figure).toBeGreaterThan(0)
}

test('lanes: every table in every form, beside the floor', async () => {
  const report = await benchReport<LaneCostReport>('lanes', '--seconds', '0.1')
  expect(report).toMatchObject({ benchmark: 'lanes', machine: MACHINE, laneCount: 256 })
  expect(report.tables.map(({ table, policy }) => `${table} ${policy}`)).toEqual([
    'mutex static',
    'mutex first-idle',
    'shared static',
    'shared first-idle',
  ])
  for (const { rounds, floor, forms } of report.tables) {
    expect(forms.map(({ form }) => form)).toEqual(['tryAcquire', 'generator', 'runAtomic'])
    expectPositive(rounds, floor.p10Ns, ...forms.flatMap(({ p10Ns, ratioToFloor }) => [p10Ns, ratioToFloor]))
    for (const { p10Ns, medianNs } of [floor, ...forms]) expect(medianNs).toBeGreaterThanOrEqual(p10Ns)
  }
})

test('threads: 1, 2 and further workers on one image, and one on an image of its own', async () => {
  const args = ['--seconds', '0.1', '--sectors', '64', '--workers', '3']
  const report = await benchReport<ThroughputReport>('threads', ...args)
  expect(report).toMatchObject({ benchmark: 'threads', machine: MACHINE, sectorSize: 4096, sectors: 64 })
  expectPositive(report.rounds, report.sliceSeconds)
  expect(report.rounds * report.sliceSeconds).toBeCloseTo(0.1)
  expect(report.settings.map(({ lanes, workers }) => `${lanes} ${workers}`)).toEqual([
    'mutex 1',
    'shared 1',
    'shared 2',
    'shared 3',
  ])
  for (const throughput of report.settings.flatMap(({ write, read }) => [write, read])) {
    const { p10PerSecond, medianPerSecond, p90PerSecond, ratioToOneWorker, cpuMicroseconds } = throughput
    expectPositive(p10PerSecond, ratioToOneWorker, cpuMicroseconds)
    expect(medianPerSecond).toBeGreaterThanOrEqual(p10PerSecond)
    expect(p90PerSecond).toBeGreaterThanOrEqual(medianPerSecond)
  }
  const one = report.settings[1]
  expect([one?.write.ratioToOneWorker, one?.read.ratioToOneWorker]).toEqual([1, 1])
})

test('people get a table, under a line on the machine', async () => {
  const { exitCode, stdout, stderr } = await bench('lanes', '--seconds', '0.1')
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const [machine, head, ...rows] = stdout.trimEnd().split('\n')
  expect(machine).toContain(`Node ${process.version}`)
  expect(head).toMatch(/^table +policy +form +median ns +p10 ns +to floor$/)
  expect(rows.length).toBe(16)
})

test('people get the throughput of each number of workers', async () => {
  const { exitCode, stdout, stderr } = await bench('threads', '--seconds', '0.1', '--sectors', '64')
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const [machine, , , ...rows] = stdout.trimEnd().split('\n')
  expect(machine).toContain(`Node ${process.version}`)
  expect(rows.map((row) => row.split(/ +/).slice(0, 2).join(' '))).toEqual([
    'mutex 1',
    'shared 1',
    'shared 2',
  ])
})

test.each(['lanes', 'threads'])('the help of %s says what is measured', async (command) => {
  const { exitCode, stdout } = await bench(command, '--help')
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/\nMeasured: .*\n/)
})

test.each([
  ['no time', ['lanes', '--seconds', '0']],
  ['a time that is none', ['threads', '--seconds', '1s']],
  ['no sectors', ['threads', '--sectors', '0']],
  ['more sectors than memory is meant for', ['threads', '--sectors', '1000000000']],
  ['no workers', ['threads', '--workers', '0']],
  ['more workers than can join', ['threads', '--workers', '65']],
  ['an option of the other benchmark', ['lanes', '--workers', '2']],
  ['an operand', ['lanes', 'disk.img']],
  ['a benchmark that there is not', ['disks']],
])('a wrong call: %s', async (_, args) => {
  const { exitCode, stdout, stderr } = await bench(...args)
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toMatch(/^btt-bench: .*; see btt-bench.* --help\n$/)
})
