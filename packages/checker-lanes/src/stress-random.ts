/** The sequences of random numbers of a run: all from one seed, and none has to do with another. */
import { SeededRandom } from './seeded-random.ts'

/** Streams from here on are the tasks', by their numbers. */
const FIRST_TASK = 1
const STREAM = { schedule: 0, preemption: 500_000, firstPace: 1_000_000 } as const

/** Which task takes the next step, on one thread. */
export function scheduleRandom(seed: number): SeededRandom {
  return new SeededRandom(seed, STREAM.schedule)
}

/** Where in its calls a task is preempted. */
export function preemptionRandom(seed: number): SeededRandom {
  return new SeededRandom(seed, STREAM.preemption)
}

/** What a task does; `number` is its number among all. */
export function taskRandom(seed: number, number: number): SeededRandom {
  return new SeededRandom(seed, FIRST_TASK + number)
}

/** How the tasks of one of several threads take turns. */
export function paceRandom(seed: number, worker: number): SeededRandom {
  return new SeededRandom(seed, STREAM.firstPace + worker)
}
