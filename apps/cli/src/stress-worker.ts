/** A thread of `btt stress` with several workers: joins the image that the main thread opened, runs its tasks, and says what it found. */
import { parentPort, workerData } from 'node:worker_threads'
import { StressWords, stressThread, type CurrentTask, type ThreadResult } from '@bttkit/checker-lanes'
import { describeError } from '@bttkit/command-line'
import { openStressStack } from './stress-stack.ts'
import type { WorkerInput, WorkerMessage } from './stress-workers.ts'

async function run({ share, request, plan, words: buffer, worker }: WorkerInput): Promise<ThreadResult> {
  const words = new StressWords(plan, buffer)
  const current: CurrentTask = { identity: undefined }
  const { stack } = await openStressStack(request, current, words)
  const device = await stack.joinImage(share)
  try {
    return await stressThread(device, { plan, words, worker, current })
  } finally {
    await device.close()
  }
}

async function answer(): Promise<WorkerMessage> {
  const input: WorkerInput = workerData
  try {
    return { result: await run(input) }
  } catch (error) {
    return { failed: `worker ${input.worker}: ${describeError(error)}` }
  }
}

parentPort?.postMessage(await answer())
