import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DeviceShare } from '@bttkit/interfaces'
import { bijectionProblems } from './engine.test-support.ts'
import { historyProblem } from './history.test-support.ts'
import {
  CHUNKS,
  chunkValues,
  filled,
  type ChunkEvent,
  type Driver,
  type Step,
} from './worker.test-support.ts'
import { describeOverStorages, repetitions } from './over-storages.test-support.ts'
import { everyFlush, type TestStorage } from './storages.test-support.ts'
import { SharedImage, TestWorker, patiently } from './workers.test-support.ts'

/** Few, so that threads meet: more than one line of the map, and sectors that share its lock. */
const SECTORS = 20
const WHOLE_SECTORS = 12
const INITIAL = 1_000_000

interface WishedStep {
  readonly kind: 'write' | 'read' | 'zero' | 'part'
  readonly lba: number
  readonly count: number
  readonly chunk: number
}

const wish = fc.record({
  kind: fc.constantFrom<WishedStep['kind'][]>('write', 'write', 'read', 'read', 'part', 'part', 'zero'),
  lba: fc.nat(SECTORS - 1),
  count: fc.integer({ min: 1, max: 3 }),
  chunk: fc.nat(CHUNKS - 1),
})
const wishedTasks = fc.array(fc.array(wish, { minLength: 10, maxLength: 40 }), { minLength: 3, maxLength: 3 })

/** Steps whose values are each written once: a sector is zeroed once at most, and parts are written to sectors that have some. */
class Planner {
  private next = 1
  private readonly zeroed = new Set<number>()

  plan({ kind, lba, count, chunk }: WishedStep): Step {
    const value = this.next++
    if (kind === 'part') {
      const ofParts = WHOLE_SECTORS + (lba % (SECTORS - WHOLE_SECTORS))
      return { kind, lba: ofParts, chunk, value }
    }
    const fitting = Math.min(count, SECTORS - lba)
    const lbas = Array.from({ length: fitting }, (_, index) => lba + index)
    if (kind !== 'zero' || lbas.some((each) => this.zeroed.has(each)))
      return { kind: kind === 'zero' ? 'write' : kind, lba, count: fitting, value }
    for (const each of lbas) this.zeroed.add(each)
    return { kind, lba, count: fitting, value: 0 }
  }
}

function groupBy(
  events: readonly ChunkEvent[],
  key: (event: ChunkEvent) => string,
): Map<string, ChunkEvent[]> {
  const groups = new Map<string, ChunkEvent[]>()
  for (const event of events) {
    const group = groups.get(key(event))
    if (group === undefined) groups.set(key(event), [event])
    else group.push(event)
  }
  return groups
}

function problemsOf(events: readonly ChunkEvent[]): string[] {
  const problems: string[] = []
  for (const [place, history] of groupBy(events, ({ lba, chunk }) => `LBA ${lba}, chunk ${chunk}`)) {
    const problem = historyProblem(history)
    if (problem !== undefined) problems.push(`${place}: ${problem}`)
  }
  const readsOfWhole = events.filter(({ kind, lba }) => kind === 'read' && lba < WHOLE_SECTORS)
  for (const [read, chunks] of groupBy(readsOfWhole, ({ lba, start }) => `LBA ${lba}, read at ${start}`)) {
    if (new Set(chunks.map(({ value }) => value)).size !== 1) problems.push(`${read}: of several writes`)
  }
  return problems
}

const readEvents = (values: readonly number[], time: number): ChunkEvent[] =>
  values.map((value, at) => ({
    kind: 'read',
    lba: Math.floor(at / CHUNKS),
    chunk: at % CHUNKS,
    value,
    start: time,
    end: time + 1,
  }))

/** As many as take part at most. They are started once: a job says all that they need to know. */
let workers: TestWorker[] = []
beforeAll(() => {
  workers = Array.from({ length: 4 }, () => new TestWorker())
})
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.terminate()))
})

/** How the workers drive their parts: more ways of it where calls take no time. */
function driversOver({ name }: TestStorage): (readonly Driver[])[] {
  const mixed: readonly Driver[] = ['blocking', 'async']
  if (name === 'memory')
    return [
      ['blocking', 'blocking'],
      ['async', 'async'],
      [...mixed, ...mixed],
    ]
  return name === 'a file' ? [mixed, ['blocking', 'blocking', 'async', 'async']] : [mixed]
}

describeOverStorages((storage) => {
  describe.each(driversOver(storage).map((drivers) => ({ drivers })))('workers $drivers', ({ drivers }) => {
    /** Runs the plans, one a worker, and returns what happened. */
    async function runPlans(
      share: DeviceShare,
      image: SharedImage,
      plans: Step[][][],
    ): Promise<ChunkEvent[]> {
      const clock = new Int32Array(new SharedArrayBuffer(4))
      const replies = await Promise.all(
        workers.slice(0, drivers.length).map((worker, index) => {
          const driver = drivers[index] ?? 'async'
          const tasks = plans[index] ?? []
          return worker.run({ job: 'plan', share, provider: image.spec, driver, tasks, clock })
        }),
      )
      return replies.flatMap((reply) => {
        if ('error' in reply) throw new Error(reply.error)
        return reply.events
      })
    }

    test('the history of each sector is one of single operations, and the image is whole', async () => {
      const wishes = fc.array(wishedTasks, { minLength: drivers.length, maxLength: drivers.length })
      await fc.assert(
        fc.asyncProperty(wishes, fc.constantFrom('flags', 'data'), async (wished, zeroing) => {
          using image = new SharedImage(storage)
          const device = await image.attach({ laneCount: 3, zeroing })
          await device.write(0, filled(INITIAL, SECTORS * 512))
          const planner = new Planner()
          const plans = wished.map((tasks) => tasks.map((task) => task.map((step) => planner.plan(step))))
          const events = await patiently('a worker', runPlans(device.share(), image, plans))
          const initial = readEvents(
            Array.from({ length: SECTORS * CHUNKS }, () => INITIAL),
            -2,
          )
          const last = filled(-1, SECTORS * 512)
          await device.read(0, last)
          expect(device.statistics().lanesInUse).toBe(0)
          await device.close()
          const history = [
            ...initial.map((event) => ({ ...event, kind: 'write' as const })),
            ...events,
            ...readEvents(chunkValues(last), 1e9),
          ]
          expect(problemsOf(history)).toEqual([])
          expect(bijectionProblems(image.bytes(), 4096)).toEqual([])
          expect(Buffer.compare(image.readAgain(SECTORS), last)).toBe(0)
        }),
        { numRuns: repetitions(storage, 10), endOnFailure: true },
      )
    }, 120_000)
  })
}, everyFlush)
