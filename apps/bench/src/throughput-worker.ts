/** A thread that works on an image: one that it shares with others, or one of its own. */
import { parentPort, workerData } from 'node:worker_threads'
import type { BttDevice } from '@bttkit/interfaces'
import { createStack, type ImageShare } from '@bttkit/stack'
import { answerWith } from './bench-thread.ts'
import { openMemoryImage } from './memory-image.ts'
import { SectorWork, type SectorOperation } from './sector-work.ts'
import type { ThroughputSlice } from './slice-rate.ts'

/** All that a thread is told at first. */
export interface ThroughputInput {
  readonly sectors: number
  /** Absent: the thread has an image of its own, attached for one thread. */
  readonly share: ImageShare | undefined
  /** One word, in which the threads of a slice count themselves. */
  readonly ready: Int32Array
}

/** Either to fill the image, or to work on it for a while together with the others. */
export type ThroughputTask =
  | { readonly fill: true }
  | { readonly operation: SectorOperation; readonly limitMs: number; readonly workers: number }

const { sectors, share, ready }: ThroughputInput = workerData

async function open(): Promise<BttDevice> {
  const stack = createStack()
  return share === undefined ? openMemoryImage(stack, sectors, false) : stack.joinImage(share)
}

/** Waits until all threads of the slice are here. */
function meet(workers: number): void {
  let here = Atomics.add(ready, 0, 1) + 1
  Atomics.notify(ready, 0)
  for (; here < workers; here = Atomics.load(ready, 0)) Atomics.wait(ready, 0, here)
}

const opening = open().then((device) => new SectorWork(device, sectors))

async function run(task: ThroughputTask): Promise<ThroughputSlice> {
  const work = await opening
  if (!('fill' in task)) meet(task.workers)
  const startNs = process.hrtime.bigint()
  let operations = sectors
  if ('fill' in task) work.fill()
  else operations = work.runUntil(performance.now() + task.limitMs, task.operation)
  return { operations, startNs, endNs: process.hrtime.bigint() }
}

parentPort?.on('message', (task: ThroughputTask) => {
  void answerWith(() => run(task))
})
