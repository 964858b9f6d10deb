/** What it costs to take a lane that nobody else wants. */
import { BenchThread } from './bench-thread.ts'
import { LANE_COUNT, LANE_FORMS, type LaneForm, type LaneSubject } from './lane-loops.ts'
import type { LaneRound, LaneTurn } from './lane-worker.ts'
import { describeMachine, type Machine } from './machine.ts'
import { median, quantile } from './quantile.ts'

const SUBJECTS: readonly LaneSubject[] = [
  { table: 'mutex', policy: 'static' },
  { table: 'mutex', policy: 'first-idle' },
  { table: 'shared', policy: 'static' },
  { table: 'shared', policy: 'first-idle' },
]

/** A loop takes a fraction of a millisecond, so most are not interrupted. */
const LANES_PER_ROUND = 2000
const TURN: LaneTurn = { rounds: 50, lanesPerRound: LANES_PER_ROUND }

/** Nanoseconds. */
interface Cost {
  readonly medianNs: number
  /** A tenth of the rounds was not slower than this. */
  readonly p10Ns: number
}

interface LaneCost extends Cost {
  readonly form: LaneForm
  /** The median of the ratios to the floor in the same round. */
  readonly ratioToFloor: number
}

/** One acquire and release of one table. */
interface LaneTableCosts extends LaneSubject {
  readonly rounds: number
  readonly floor: Cost
  readonly forms: readonly LaneCost[]
}

/** What `--json` prints. */
export interface LaneCostReport {
  readonly benchmark: 'lanes'
  readonly machine: Machine
  readonly laneCount: number
  readonly lanesPerRound: number
  readonly tables: readonly LaneTableCosts[]
}

function costOf(nanoseconds: readonly number[]): Cost {
  return { medianNs: median(nanoseconds), p10Ns: quantile(nanoseconds, 0.1) }
}

function summarize(subject: LaneSubject, rounds: readonly LaneRound[]): LaneTableCosts {
  return {
    ...subject,
    rounds: rounds.length,
    floor: costOf(rounds.map(({ floor }) => floor)),
    forms: LANE_FORMS.map((form) => ({
      form,
      ...costOf(rounds.map((round) => round[form])),
      ratioToFloor: median(rounds.map((round) => round[form] / round.floor)),
    })),
  }
}

/** A table with the thread that measures it. */
class MeasuredTable {
  readonly thread: BenchThread<LaneTurn, LaneRound[]>
  private readonly subject: LaneSubject
  private readonly rounds: LaneRound[] = []

  constructor(subject: LaneSubject) {
    this.subject = subject
    this.thread = new BenchThread('lane-worker', subject)
  }

  /** Nothing of it counts: the loops are being compiled. */
  async warmUp(): Promise<void> {
    await this.thread.ask(TURN)
  }

  async takeTurn(): Promise<void> {
    this.rounds.push(...(await this.thread.ask(TURN)))
  }

  costs(): LaneTableCosts {
    return summarize(this.subject, this.rounds)
  }
}

/** @param seconds how long, for all tables together; each has one turn at least */
export async function measureLaneCosts(seconds: number): Promise<LaneCostReport> {
  const machine = describeMachine()
  const tables = SUBJECTS.map((subject) => new MeasuredTable(subject))
  try {
    for (const table of tables) await table.warmUp()
    const endMs = performance.now() + seconds * 1000
    do for (const table of tables) await table.takeTurn()
    while (performance.now() < endMs)
    return {
      benchmark: 'lanes',
      machine,
      laneCount: LANE_COUNT,
      lanesPerRound: LANES_PER_ROUND,
      tables: tables.map((table) => table.costs()),
    }
  } finally {
    await Promise.all(tables.map(({ thread }) => thread.end()))
  }
}
