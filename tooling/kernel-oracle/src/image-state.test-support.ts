import { examineImage, type ImageReport, type Verdict } from '@bttkit/checker-image'
import type { BttState } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { createStack } from '@bttkit/stack'

/** What an attach would find, without changing anything. */
export async function stateOf(image: string): Promise<BttState> {
  const device = await createStack().openImage(image, { readOnly: true })
  await device.close()
  return device.info.state
}

async function examined(image: string): Promise<ImageReport> {
  const provider = await createStack().openProvider(image, { readOnly: true })
  const report = await runAsync(examineImage(provider))
  await provider.close()
  return report
}

/** What our checker says of all of its metadata. */
export async function verdictOf(image: string): Promise<Verdict> {
  return (await examined(image)).verdict
}

/** How many findings of each kind there are. */
export async function findingsOf(image: string): Promise<ImageReport['findingsByCode']> {
  return (await examined(image)).findingsByCode
}
