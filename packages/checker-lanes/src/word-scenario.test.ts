import { afterAll, beforeAll, expect, test } from 'vitest'
import { explore, type Exploration, type ExploreOptions } from './explore.ts'
import { replay } from './explore-replay.ts'
import { ThreadCrew } from './thread-crew.ts'
import { RANDOM_PROGRAMS } from './word-programs.test-support.ts'
import { wordScenario } from './word-scenario.ts'

const PROGRAMS = new URL('word-programs.test-support.ts', import.meta.url)
const execArgv = ['--conditions=@bttkit/source']
/** The task of 'one is woken' that wakes. */
const WAKER = 2

let crew: ThreadCrew
beforeAll(async () => {
  crew = await ThreadCrew.start(PROGRAMS, { execArgv })
})
afterAll(() => crew.end())

const run = (name: string, options?: ExploreOptions): Promise<Exploration> =>
  explore(wordScenario(crew, name), options)

/** How all of its runs end, also in deadlocks. */
async function endsOf(name: string, options: ExploreOptions): Promise<string[]> {
  const { findings, isExhaustive } = await run(name, { ...options, maxFindings: Infinity })
  expect(isExhaustive).toBe(true)
  return [...new Set(findings.map(({ problem }) => problem))].toSorted()
}

test('accesses to different words are run in one order', async () => {
  expect(await run('independent')).toMatchObject({ isExhaustive: true, executions: 1, findings: [] })
})

test('three stores of one thread and three of another, to one word, are run in all 20 orders', async () => {
  expect(await run('dependent')).toMatchObject({ isExhaustive: true, executions: 20 })
})

test('accesses that leave a word as it was are run in one order', async () => {
  expect(await run('same stores')).toMatchObject({ isExhaustive: true, executions: 1 })
})

test('two increments of a look and a store each lose one', async () => {
  const { findings } = await run('increments')
  expect(findings).toMatchObject([{ problem: 'the sum is 1' }])
})

test.each([
  ['lock', {}],
  ['lock of three', { maxPreemptions: 1 }],
])('%s: no schedule of a right lock goes wrong', async (name, options) => {
  expect(await run(name, options)).toMatchObject({ isExhaustive: true, findings: [] })
})

test.each([
  ['released in silence', 'deadlock: thread 2 waits for wake-up 0'],
  ['taken by two accesses', /were counted/],
  ['unlocked before the store', /were counted/],
  ['marked after the look', /^deadlock: thread \d waits for wake-up 0$/],
])('a lock with a mistake is found: %s', async (name, problem) => {
  const { findings } = await run(name)
  expect(findings).toHaveLength(1)
  expect(findings[0]?.problem).toMatch(problem)
})

test.each(['pct', 'random'] as const)('a mistake is found by %s', async (strategy) => {
  const { findings } = await run('released in silence', { strategy, maxExecutions: 300 })
  expect(findings[0]?.kind).toBe('deadlock')
})

test('who waits for a wake-up that nobody gives is stuck, however long its round is', async () => {
  expect(await endsOf('sleeps for ever', {})).toEqual(['deadlock: thread 1 waits for wake-up 0'])
})

test('a round ends where the program has it so', async () => {
  // The second word is 3 for a wait that ran out of time.
  expect(await endsOf('sleeps for a time', {})).toEqual(['it ends with 0 3'])
})

test('a round ends before a wake-up that comes late, and not after one that came', async () => {
  expect(await endsOf('wake-up or time', {})).toEqual(['it ends with 0 1', 'it ends with 0 3'])
})

test('who would sleep looks before as often as the program says', async () => {
  expect(await endsOf('looks before it sleeps', {})).toEqual(['it ends with 2 0'])
  expect(await endsOf('sleeps for a time', {})).toEqual(['it ends with 0 3'])
})

test('who looks after the store does not fall asleep', async () => {
  // The second word is 1 for a wake-up, and 2 for a word that was another one already.
  expect(await endsOf('sleeps until a store', {})).toEqual(['it ends with 1 1', 'it ends with 1 2'])
})

test('of two who sleep the first one is woken', async () => {
  const { findings } = await run('one is woken', { maxFindings: Infinity })
  let bothSlept = 0
  for (const { problem, schedule } of findings) {
    const { steps } = replay(wordScenario(crew, 'one is woken'), schedule)
    const isAboutTheQueue = ({ touched }: (typeof steps)[number]): boolean =>
      touched.some(({ object, kind, start }) => object === 'wake-up' && kind === 'write' && start === 0)
    const [first, second, third] = steps.filter(isAboutTheQueue).map(({ task }) => task)
    if (first === undefined || second === undefined || third !== WAKER) continue
    bothSlept++
    expect(problem).toBe(`deadlock: thread ${second + 1} waits for wake-up 0`)
  }
  expect(bothSlept).toBeGreaterThan(1)
})

test.each([
  'mixed of two',
  'increments',
  'wake-up or time',
  'sleeps until a store',
  'one is woken',
  ...RANDOM_PROGRAMS,
])('%s: the schedules that are run end in every way in which any schedule ends', async (name) => {
  expect(await endsOf(name, {})).toEqual(await endsOf(name, { maxPreemptions: Infinity }))
})

test('what a thread throws is a finding', async () => {
  const { findings } = await run('throws')
  expect(findings).toMatchObject([
    { kind: 'failed: RangeError', problem: 'thread 2 failed: RangeError: of its own' },
  ])
})

test('words of its own are none that a thread can share', async () => {
  const { findings } = await run('foreign words')
  expect(findings).toMatchObject([{ kind: 'failed: TypeError' }])
})

test('the threads go on with the next program, wherever the one before it was broken off', async () => {
  await run('released in silence')
  await run('throws')
  expect(await run('lock')).toMatchObject({ isExhaustive: true, findings: [] })
})

test('a program that there is not is refused', () => {
  expect(() => wordScenario(crew, 'none')).toThrow(new RangeError('there is no program "none"'))
})

test('a thread that ends as it is started is no thread that is waited for', async () => {
  const module = new URL('ending-thread.test-support.ts', import.meta.url)
  await expect(ThreadCrew.start(module, { execArgv })).rejects.toThrow('a thread ended with code 3')
})

test('a module without programs is refused', async () => {
  const module = new URL('seeded-random.ts', import.meta.url)
  await expect(ThreadCrew.start(module, { execArgv })).rejects.toThrow('exports no wordPrograms')
})
