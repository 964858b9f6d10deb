/**
 * A thread that does the work of bttkit. Each contestant has threads of its own, so that the compiler knows one kind of storage only, as it does in a
 * program with one device.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { BttDevice, PmemProvider, ProviderOpenOptions } from '@bttkit/interfaces'
import { CommandError } from '@bttkit/command-line'
import { runAsync } from '@bttkit/sleepable'
import { createStack, type Image, type ImageShare } from '@bttkit/stack'
import { answerWith } from '../bench-thread.ts'
import type { ThroughputSlice } from '../slice-rate.ts'
import type { Workload } from '../workload/workload.ts'
import { fillSectors, imageBytes, type DrivenDevice } from './fill-image.ts'
import { OurWork } from './our-work.ts'
import { verifyBijection, verifySectors } from './verify-image.ts'

/** All that a thread is told at first. */
export interface OurThreadInput {
  /** Absent: an image in memory, which the thread makes and fills. */
  readonly image: Image | undefined
  readonly name: string
  readonly workload: Workload
  readonly sequence: Uint32Array
  /** From 0 on. Number 0 attaches the image, the others join it. */
  readonly thread: number
  /** Whether it waits by promises, and not on the thread. */
  readonly isAsync: boolean
  /** Whether the image is attached for several threads. */
  readonly isJoinable: boolean
  readonly laneCount: number | undefined
  /** One word, in which the threads of a round count themselves. */
  readonly ready: Int32Array
}

export type OurThreadTask =
  | { readonly open: true; readonly share?: ImageShare | undefined }
  /** How many units of each stream. */
  | { readonly run: number }
  /** How many units of each stream were done in all rounds. */
  | { readonly verify: number }
  | { readonly close: true }

export type OurThreadAnswer = ThroughputSlice | { readonly share?: ImageShare | undefined }

const input: OurThreadInput = workerData
const stack = createStack()

/** What this thread works with, once it is open. */
interface Open {
  readonly device: BttDevice
  /** In the form in which this thread drives the device. */
  readonly operations: DrivenDevice
  readonly work: OurWork
  /** Of the thread that attached the image. */
  readonly provider: PmemProvider | undefined
}

let opened: Open | undefined

function theOpen(): Open {
  if (opened === undefined) throw new CommandError(`${input.name}: the image is not open`)
  return opened
}

async function openMemory(options: ProviderOpenOptions): Promise<PmemProvider> {
  const memory = await stack.openProvider(
    { scheme: 'mem', parameters: { size: imageBytes(input.workload) } },
    options,
  )
  await runAsync(stack.engine().create(memory, { externalLbasize: input.workload.sectorBytes }))
  return memory
}

async function open(share: ImageShare | undefined): Promise<{ share?: ImageShare | undefined }> {
  const { image, isAsync, isJoinable: threads, laneCount, sequence, thread, workload } = input
  const options = { readOnly: false, blocking: !isAsync, threads }
  let provider: PmemProvider | undefined
  let device
  if (share !== undefined) device = await stack.joinImage(share)
  else {
    provider = image === undefined ? await openMemory(options) : await stack.openProvider(image, options)
    device = await stack.attachImage(provider, { threads, laneCount })
  }
  const operations = isAsync ? device : device.blocking
  if (image === undefined && share === undefined) await fillSectors(operations, workload)
  const work = new OurWork(device, workload, sequence, thread)
  opened = { device, operations, work, provider }
  return threads && share === undefined ? { share: stack.shareImage(device) } : {}
}

/** Waits until all threads of the round are here. */
function meet(): void {
  const { ready, workload } = input
  let here = Atomics.add(ready, 0, 1) + 1
  Atomics.notify(ready, 0)
  for (; here < workload.threads; here = Atomics.load(ready, 0)) Atomics.wait(ready, 0, here)
}

async function runUnits(unitsPerStream: number): Promise<ThroughputSlice> {
  const { work } = theOpen()
  meet()
  const startNs = process.hrtime.bigint()
  if (input.isAsync) await work.runAsync(unitsPerStream)
  else work.runBlocking(unitsPerStream)
  return { operations: unitsPerStream * input.workload.depth, startNs, endNs: process.hrtime.bigint() }
}

async function verify(unitsPerStream: number): Promise<void> {
  const { device, operations, provider } = theOpen()
  const { name, sequence, workload } = input
  if (provider === undefined) throw new CommandError(`${name}: another thread attached the image`)
  await verifySectors(name, operations, { workload, sequence, unitsPerStream })
  await verifyBijection(name, provider, device.info)
}

async function run(task: OurThreadTask): Promise<OurThreadAnswer> {
  if ('open' in task) return open(task.share)
  if ('run' in task) return runUnits(task.run)
  if ('verify' in task) await verify(task.verify)
  else await theOpen().operations.close()
  return {}
}

parentPort?.on('message', (task: OurThreadTask) => {
  void answerWith(() => run(task))
})
