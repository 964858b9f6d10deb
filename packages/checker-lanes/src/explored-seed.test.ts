/** The mistake that this project began with: two tasks of one CPU in one lane (CVE-2026-74365), found, made small, stored and run again. */
import { describe, expect, test } from 'vitest'
import { formatDiagram } from './explore-diagram.ts'
import { replay } from './explore-replay.ts'
import { shrink } from './explore-shrink.ts'
import { explore, type ExplorationFinding } from './explore.ts'
import { ExploredImage } from './explored-image.ts'
import { programScenario, smallerPrograms, type DeviceProgram } from './explored-program.ts'
import { sectors } from './lane-scenarios.ts'
import { formatReplayFile, parseReplayFile, runReplayFile } from './replay-file.ts'

const image = new ExploredImage()
const makeScenario = (program: DeviceProgram) => programScenario(image, program)
const shrinking = { makeScenario, smaller: smallerPrograms }

/** Two CPUs, and two of the three tasks on one of them. */
const program: DeviceProgram = {
  name: 'two tasks on one CPU, one on another',
  lanes: { table: 'recursion-count', laneCount: 2, hints: [0, 0, 1], cpuCount: 2 },
  tasks: [[sectors('write', 3, 1, 1)], [sectors('write', 20, 2, 2)], [sectors('read', 3)]],
}

const isTwice = ({ kind }: { kind: string }) => kind === 'block # is held by LBA # and LBA #'

async function find(strategy: 'exhaustive' | 'pct' | 'random'): Promise<ExplorationFinding> {
  const { findings, executions, pruned } = await explore(makeScenario(program), {
    strategy,
    isOfInterest: isTwice,
  })
  expect(executions + pruned).toBeLessThan(1000)
  const [finding] = findings
  if (finding === undefined) throw new Error('it was not found')
  return finding
}

describe.each(['exhaustive', 'pct', 'random'] as const)('%s', (strategy) => {
  test('finds within 1000 schedules that two sectors have one block, and shrinking leaves 12 steps', async () => {
    const shrunk = await shrink(program, await find(strategy), shrinking)
    expect(shrunk.problem).toMatch(/^block \d+ is held by LBA \d+ and LBA \d+$/)
    expect(shrunk.steps).toBeLessThanOrEqual(12)
    expect(shrunk.preemptions).toBe(1)
    expect(shrunk.workload.tasks.map((operations) => operations.length)).toEqual([1, 1])
    expect(shrunk.workload.lanes.laneCount).toBe(1)

    const file = { program: shrunk.workload, schedule: shrunk.schedule, problem: shrunk.problem }
    const again = parseReplayFile(formatReplayFile(file))
    expect(runReplayFile(image, again)).toMatchObject({ isComplete: true, problem: shrunk.problem })
  })
})

test('the diagram shows how: both have read which block the lane has free before either gives it away', async () => {
  const { workload, schedule, problem, guiltyStep } = await shrink(
    program,
    await find('exhaustive'),
    shrinking,
  )
  const { steps } = replay(makeScenario(workload), schedule)
  const diagram = formatDiagram(steps, { describe: (access) => image.describe(access), guiltyStep, problem })
  const rows = diagram.split('\n')
  expect(rows[0]).toMatch(/^ +│ A zero +│ B zero$/)
  // The second one has read its map entry too. From here on both store the lane's free block there.
  expect(rows.find((row) => row.startsWith('>'))).toMatch(/^> 8 │ +│ in lane 0, read map of LBA (3|20|21)$/)
  expect(rows.at(-1)).toBe(problem)
})

test('no part of what is left could be left out', async () => {
  const { workload } = await shrink(program, await find('exhaustive'), shrinking)
  for (const smaller of smallerPrograms(workload)) {
    const result = await explore(makeScenario(smaller), { isOfInterest: isTwice })
    expect(result).toMatchObject({ isExhaustive: true, findings: [] })
  }
})

test('a right lane table has no such schedule', async () => {
  const right = { ...program, lanes: { ...program.lanes, table: 'mutex' } }
  expect(await explore(makeScenario(right))).toMatchObject({ isExhaustive: true, findings: [] })
})
