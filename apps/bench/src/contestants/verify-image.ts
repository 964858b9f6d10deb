import type { BttInfo, PmemProvider } from '@bttkit/interfaces'
import { checkBijection, isBijection } from '@bttkit/checker-lanes'
import { CommandError } from '@bttkit/command-line'
import { runAsync } from '@bttkit/sleepable'
import type { Stack } from '@bttkit/stack'
import type { DrivenDevice } from './fill-image.ts'
import { expectedGenerations, verifyContents } from '../workload/verify-contents.ts'
import type { Workload } from '../workload/workload.ts'

/** The work that an image must show. */
export interface DoneWork {
  readonly workload: Workload
  readonly sequence: Uint32Array
  readonly unitsPerStream: number
}

/** @throws {CommandError} where a sector is not as the work must have left it */
export async function verifySectors(
  who: string,
  device: DrivenDevice,
  { workload, sequence, unitsPerStream }: DoneWork,
): Promise<void> {
  const generations = expectedGenerations(workload, sequence, unitsPerStream)
  await verifyContents(who, workload, generations, async (lba, target) => device.read(lba, target))
}

/**
 * For an image that nobody writes to at present.
 *
 * @throws {CommandError} where a block belongs to several sectors or lanes, or to nobody
 */
export async function verifyBijection(who: string, provider: PmemProvider, info: BttInfo): Promise<void> {
  const report = await runAsync(checkBijection(provider, info))
  if (isBijection(report)) return
  const counts = Object.entries(report).map(([kind, { count }]) => `${kind} ${count}`)
  throw new CommandError(`${who}: map and flog are not in order after the work: ${counts.join(', ')}`)
}

/** Verifies an image that is closed, whoever wrote it: bttkit reads it. Throws as the two above do. */
export async function verifyImage(who: string, stack: Stack, path: string, done: DoneWork): Promise<void> {
  const provider = await stack.openProvider(path, { readOnly: true })
  try {
    const device = await stack.attachImage(provider, { readOnly: true })
    await verifySectors(who, device, done)
    await verifyBijection(who, provider, device.info)
  } finally {
    await provider.close()
  }
}
