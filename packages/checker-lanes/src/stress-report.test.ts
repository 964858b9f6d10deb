import { expect, test } from 'vitest'
import type { BijectionReport } from './bijection.ts'
import { planStress } from './stress-plan.ts'
import { makeStressReport, type StressOutcome, type StressReport } from './stress-report.ts'
import { failedResult, type ThreadResult } from './stress-result.ts'

const nothing = { count: 0, first: [] }
const inOrder: BijectionReport = {
  mappedTwice: nothing,
  mappedAndFree: nothing,
  freeTwice: nothing,
  leaked: nothing,
  sequences: nothing,
  outOfRange: nothing,
}

const device = { sectorSize: 512, sectorCount: 1000, metadataSize: 0, readOnly: false }
const operations = { reads: 3, writes: 2, zeroes: 1, bytesRead: 1500, bytesWritten: 1000 }
const clean: ThreadResult = { operations, mismatchCount: 0, mismatches: [], failures: [] }

function report(more: Partial<StressOutcome>): StressReport {
  return makeStressReport({
    plan: planStress(device, 1000, { seed: 1, tasks: 8, workers: 2, readers: 0, cpus: 4 }),
    setting: {
      image: 'memory',
      lanes: 'mutex',
      policy: 'static',
      laneCount: 3,
      preempt: true,
      preemptBeforeLock: false,
    },
    elapsedMs: 500,
    begun: 10,
    threads: [clean, clean],
    statistics: { lanes: [] },
    bijection: inOrder,
    ...more,
  })
}

const fault = (lane: number) => ({ arena: 0, lane, sequences: [2, 2] as const })

test('threads are added up, and rates are of the whole run', () => {
  expect(report({})).toMatchObject({
    verdict: 'clean',
    seconds: 0.5,
    operations: { begun: 10, reads: 6, writes: 4, zeroes: 2, bytesRead: 3000, bytesWritten: 2000 },
    throughput: { operationsPerSecond: 20, bytesPerSecond: 10_000 },
  })
  expect(report({ elapsedMs: 0 }).throughput).toEqual({ operationsPerSecond: 0, bytesPerSecond: 0 })
})

test('only lanes that were used are in it', () => {
  const idle = { acquisitions: 0, waits: 0, waitMs: 0, holdMs: 0 }
  const used = { ...idle, acquisitions: 5 }
  expect(report({ statistics: { lanes: [idle, used] } }).laneStatistics).toEqual([{ lane: 1, ...used }])
})

test('failures of one kind are one, with the first message', () => {
  const threads = [
    failedResult(new RangeError('one')),
    failedResult(new RangeError('two')),
    failedResult('x', 'HANG'),
  ]
  const { failures, verdict } = report({ threads })
  expect(verdict).toBe('failed')
  expect(failures).toEqual([
    { code: 'RangeError', count: 2, message: 'one' },
    { code: 'HANG', count: 1, message: 'x' },
  ])
})

test('wrong bytes, or blocks out of order, are corruption, whatever else failed', () => {
  const failed = failedResult('x', 'HANG')
  expect(report({ threads: [failed, { ...clean, mismatchCount: 1 }] }).verdict).toBe('corrupt')
  const leaked = { count: 1, first: [{ arena: 0, block: 3 }] }
  expect(report({ threads: [failed], bijection: { ...inOrder, leaked } }).verdict).toBe('corrupt')
})

test('sequence numbers that the run saw count, those of the end once more only for other lanes', () => {
  const atEnd = { ...inOrder, sequences: { count: 2, first: [fault(1), fault(4)] } }
  const { bijection, verdict } = report({ bijection: atEnd, sequences: { count: 1, first: [fault(1)] } })
  expect(bijection.sequences).toEqual({ count: 2, first: [fault(1), fault(4)] })
  expect(verdict).toBe('corrupt')
  expect(report({ sequences: { count: 1, first: [fault(1)] } }).verdict).toBe('corrupt')
})
