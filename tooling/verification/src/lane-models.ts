/** How many schedules it takes to see each lane model of Linux go wrong: in order, by random priorities, and by chance. */
import {
  ExploredImage,
  deviceScenario,
  explore,
  partsWith,
  sectors,
  type ExploreOptions,
  type Scenario,
} from '@bttkit/checker-lanes'
import { HISTORICAL_LANE_TABLES, type HistoricalLaneTableName } from '@bttkit/region-lanes'

const LANE_TABLES: readonly HistoricalLaneTableName[] = [
  'spinlock-preemption-off',
  'recursion-count',
  'owner-spinlock',
  'spinlock-bh',
  'mutex',
]

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1)
const MOST_SCHEDULES = 1000

export interface LaneModelReport {
  readonly lanes: HistoricalLaneTableName
  readonly kernels: string
  /** Schedules up to the first that goes wrong, or of all where none does. */
  readonly exhaustive: number
  readonly problem: string | undefined
  /** The same on an average of 20 seeds; `undefined` where one of them found nothing in 1000 schedules. */
  readonly pct: number | undefined
  readonly random: number | undefined
}

/** Two writers of one CPU, each of one sector, whose entries are in different lines of the map. */
function twoWriters(image: ExploredImage, lanes: HistoricalLaneTableName): Scenario {
  return deviceScenario(image, {
    name: lanes,
    tasks: [[sectors('write', 3, 1, 1)], [sectors('write', 20, 1, 2)]],
    laneCount: 2,
    hints: [0, 0],
    makeParts: () => partsWith(lanes, { cpuCount: 2 }),
  })
}

async function average(
  scenario: Scenario,
  strategy: ExploreOptions['strategy'],
): Promise<number | undefined> {
  let sum = 0
  for (const seed of SEEDS) {
    const { executions, findings } = await explore(scenario, {
      strategy,
      seed,
      maxExecutions: MOST_SCHEDULES,
    })
    if (findings.length === 0) return undefined
    sum += executions
  }
  return sum / SEEDS.length
}

export async function* laneModels(): AsyncGenerator<LaneModelReport> {
  const image = new ExploredImage()
  for (const lanes of LANE_TABLES) {
    const { kernels } = HISTORICAL_LANE_TABLES[lanes]
    const scenario = twoWriters(image, lanes)
    const { executions, pruned, findings } = await explore(scenario)
    yield {
      lanes,
      kernels,
      exhaustive: executions + pruned,
      problem: findings[0]?.problem,
      pct: await average(scenario, 'pct'),
      random: await average(scenario, 'random'),
    }
  }
}
