import { expect, test } from 'vitest'
import type { PmemProvider } from '@bttkit/interfaces'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { runBlocking } from '@bttkit/sleepable'
import { engine, smallImage } from './crash-check.test-support.ts'
import { NotingStorage } from './noting-storage.ts'
import { SteppingStorage } from './stepping-storage.ts'

const image = smallImage(512)

/** What the engine does to write two sectors: each step, and how many states a power failure could leave then. */
function stepsOn(model: 'px86' | 'buffered', over: (storage: PmemProvider) => PmemProvider): string[] {
  const memory = new PowerFailMemory({ media: image, model })
  const steps: string[] = []
  const storage = new SteppingStorage(memory, (step) => void steps.push(`${step} ${memory.cut().stateCount}`))
  const device = runBlocking(engine.attach(over(storage)))
  // Then the free blocks of the lanes are apart, and what is flushed together is two ranges.
  runBlocking(device.sleepable.write(5, new Uint8Array(device.sectorSize).fill(6)))
  // Of nobody's business: a flush of everything would make it durable.
  memory.write(0, new Uint8Array(8).fill(1))
  steps.length = 0
  runBlocking(device.sleepable.write(33, new Uint8Array(2 * device.sectorSize).fill(7)))
  return steps
}

test.each(['px86', 'buffered'] as const)('%s: the engine does the same on it as without it', (model) => {
  const noted: string[] = []
  const steps = stepsOn(model, (storage) => new NotingStorage(storage, ({ kind }) => void noted.push(kind)))
  expect(steps).toEqual(stepsOn(model, (storage) => storage))
  const calls = steps.map((step) => step.replace(/ \d+$/, '')).filter((step) => step !== 'flush is over')
  expect(noted.slice(-calls.length)).toEqual(calls)
})
