import {
  ReadOnlyError,
  UnsafeProviderError,
  type MaybeSleep,
  type PmemProvider,
  type Sleepable,
} from '@bttkit/interfaces'
import { FLOG_HALF_BYTES } from '@bttkit/btt-format'
import { mightSleep } from '@bttkit/sleepable'
import type { RepairPlan, RepairStage } from './repair-plan.ts'

/** @throws {ReadOnlyError} {UnsafeProviderError} */
export function assertWritable({ name, readOnly, capabilities }: PmemProvider): void {
  if (readOnly) throw new ReadOnlyError({ image: name }, 'the storage is open for reading only')
  const { atomicWriteBytes, damagesNeighbours } = capabilities
  if (atomicWriteBytes < FLOG_HALF_BYTES)
    throw new UnsafeProviderError(
      { image: name },
      `writes of ${FLOG_HALF_BYTES} bytes can be torn here (atomicWriteBytes is ${atomicWriteBytes}), and a repair that is cut short could not be told from damage`,
    )
  if (damagesNeighbours)
    throw new UnsafeProviderError(
      { image: name },
      'a torn write can damage its neighbours here (damagesNeighbours)',
    )
}

/** Stores what may be stored in any order, and makes it durable. */
export function* storeStage(provider: PmemProvider, stage: RepairStage): Sleepable<void> {
  let wait: MaybeSleep
  for (const { offset, bytes } of stage) if ((wait = provider.write(offset, bytes)) !== undefined) yield wait
  if ((wait = provider.flush()) !== undefined) yield wait
}

/**
 * Does what a plan says. Everything is durable when it is over. What stops it, a power cut included, leaves an image that a plan made anew puts in order.
 *
 * The storage has been locked since before the plan was made, so that it is still as the plan knows it. What a process before left in a cache is made durable first.
 *
 * @throws {ReadOnlyError} {UnsafeProviderError} before anything is stored, and whatever the storage fails with
 */
export function* applyRepair(
  provider: PmemProvider,
  { stages }: Pick<RepairPlan, 'stages'>,
): Sleepable<void> {
  if (provider.capabilities.mayWait) mightSleep(provider.name, 'repairing')
  if (stages.length === 0) return
  assertWritable(provider)
  const wait = provider.flush()
  if (wait !== undefined) yield wait
  for (const stage of stages) yield* storeStage(provider, stage)
}
