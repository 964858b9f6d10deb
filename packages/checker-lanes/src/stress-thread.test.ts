import { expect, test } from 'vitest'
import { sleeping, stressMemory, type MemoryRun } from './stress.test-support.ts'

test.each<[string, MemoryRun]>([
  ['memory', { operations: 500 }],
  ['a flush that sleeps', { operations: 60, layer: sleeping }],
  ['tasks that are not preempted', { operations: 500, preempt: false }],
  ['fewer lanes than tasks', { operations: 500, laneCount: 2 }],
])('a thread with mutexes shows nothing: %s', async (_, run) => {
  const report = await stressMemory({ ...run, asThread: true })
  expect(report).toMatchObject({ verdict: 'clean', failures: [] })
  expect(report.operations.writes).toBeGreaterThan(0)
})

test('a thread finds wrong bytes, and names who wrote them through which lane', async () => {
  const report = await stressMemory({ lanes: 'recursion-count', asThread: true })
  expect(report.verdict).toBe('corrupt')
  const culprits = report.mismatches.first.map(({ culprit }) => culprit)
  expect(culprits.some((culprit) => typeof culprit?.lane === 'number' && culprit.task < 8)).toBe(true)
})

test('a failure of the storage fails operations, and ends no task', async () => {
  const report = await stressMemory({
    asThread: true,
    operations: 300,
    layer: (memory) => {
      let flushes = 0
      const inner = sleeping(memory)
      return {
        ...inner,
        flush: () => {
          if (++flushes === 20) throw new Error('the host is gone')
          return inner.flush()
        },
      }
    },
  })
  expect(report.verdict).toBe('failed')
  expect(report.failures.map(({ code }) => code)).toEqual(['Error', 'BTT_ARENA_ERROR_STATE'])
  expect(report.operations.begun).toBeGreaterThanOrEqual(300)
})
