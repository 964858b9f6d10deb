/** What the mutants meet finds nothing in the engine as it is. */
import { expect, test } from 'vitest'
import { CHECKS } from './checks/checks.ts'
import { runJob } from './kill-matrix.ts'
import { subjectOf } from './subject.ts'

test.each(CHECKS.filter(({ needsSmallArenas }) => needsSmallArenas !== true))(
  '$name finds nothing',
  async ({ run }) => {
    const verdict = await run(subjectOf())
    expect(verdict.problem).toBeUndefined()
    expect(verdict.runs).toBeGreaterThan(0)
  },
)

test('creation of several arenas is right', async () => {
  const [report] = await runJob({ hasSmallArenas: true })
  expect(report).toMatchObject({ check: 'creation of several arenas' })
  expect(report?.problem).toBeUndefined()
})
