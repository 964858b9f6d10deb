import { expect, test } from 'vitest'
import type { Contestant, RoundResult } from '../contestants/contestant.ts'
import type { Comparison } from './comparison.ts'
import { compareContestants, type Timing } from './compare-contestants.ts'

/** Somebody who does nothing, and says when. */
class Pretender implements Contestant {
  readonly kind = 'ours'
  readonly name: string
  readonly units: number[] = []
  private readonly log: string[]
  private readonly failing: string | undefined

  constructor(name: string, log: string[], failing?: string) {
    this.name = name
    this.log = log
    this.failing = failing
  }

  async prepare(): Promise<void> {
    this.note('prepare')
  }

  async run(units: number): Promise<RoundResult> {
    this.note('run')
    this.units.push(units)
    return { value: units, elapsedMs: units / 100 }
  }

  async verify(): Promise<void> {
    this.note('verify')
  }

  async end(): Promise<void> {
    this.note('end')
  }

  private note(what: string): void {
    this.log.push(`${this.name} ${what}`)
    if (what === this.failing) throw new Error(`${this.name} cannot ${what}`)
  }
}

function comparisonOf(contestants: readonly Contestant[], unitStep = 1): Comparison {
  const [reference] = contestants
  return {
    suite: 'test',
    name: 'pretenders',
    unit: 'ns',
    per: 'a sector',
    contestants,
    reference: reference?.name,
    ratio: 'time',
    goals: [],
    unitStep,
  }
}

function timing(changes: Partial<Timing> = {}): Timing {
  const { signal } = new AbortController()
  return { limitMs: 1, leastRounds: 4, onProgress: () => undefined, signal, ...changes }
}

test('all take turns in each round, beginning with another one, and do the same work', async () => {
  const log: string[] = []
  const contestants = ['a', 'b', 'c'].map((name) => new Pretender(name, log))
  const { figures, unitsPerRound } = await compareContestants(comparisonOf(contestants, 8), timing())
  const runs = log.filter((line) => line.endsWith('run')).map((line) => line.charAt(0))
  const rounds = figures[0]?.rounds.length ?? 0
  expect(rounds).toBeGreaterThanOrEqual(4)
  const measured = runs.slice(-3 * rounds).join('')
  expect(measured.slice(0, 12)).toBe('abcbcacababc')
  expect(unitsPerRound % 8).toBe(0)
  for (const { units } of contestants) expect(units).toEqual(contestants[0]?.units)
})

test('work grows until a round takes its time, up to the most there is', async () => {
  const one = new Pretender('a', [])
  // A round is to take a hundredth: 1 ms, which is 100 units.
  await compareContestants(comparisonOf([one]), timing({ limitMs: 100 }))
  expect(one.units.at(-1)).toBeGreaterThanOrEqual(100)
  const other = new Pretender('b', [])
  await compareContestants({ ...comparisonOf([other], 7), mostUnits: 20 }, timing({ limitMs: 100 }))
  expect(other.units.at(-1)).toBe(14)
})

test('before anything counts, all work for a tenth of the time', async () => {
  const one = new Pretender('a', [])
  const { figures } = await compareContestants(comparisonOf([one]), timing({ limitMs: 100 }))
  const uncounted = one.units.slice(0, one.units.length - (figures[0]?.rounds.length ?? 0))
  expect(uncounted.reduce((sum, units) => sum + units / 100, 0)).toBeGreaterThanOrEqual(10)
})

test('everybody is verified after the work, and then ended', async () => {
  const log: string[] = []
  const contestants = ['a', 'b'].map((name) => new Pretender(name, log))
  await compareContestants(comparisonOf(contestants), timing())
  expect(log.slice(-4)).toEqual(['a verify', 'b verify', 'a end', 'b end'])
})

test.each(['prepare', 'run', 'verify'])(
  'nothing is reported where somebody cannot %s; all are ended',
  async (failing) => {
    const log: string[] = []
    const contestants = [new Pretender('a', log), new Pretender('b', log, failing)]
    await expect(compareContestants(comparisonOf(contestants), timing())).rejects.toThrow(
      `b cannot ${failing}`,
    )
    expect(log.slice(-2)).toEqual(['a end', 'b end'])
  },
)

test('whoever stops it waits for nobody but who is at work', async () => {
  const log: string[] = []
  const stop = new AbortController()
  const onProgress = (): void => stop.abort(new Error('stopped'))
  const running = compareContestants(
    comparisonOf([new Pretender('a', log)]),
    timing({ onProgress, signal: stop.signal }),
  )
  await expect(running).rejects.toThrow('stopped')
  expect(log.at(-1)).toBe('a end')
  expect(log).not.toContain('a verify')
})
