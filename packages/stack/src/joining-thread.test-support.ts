/** A thread that joins images, each with a stack of its own, fills sectors with its mark, and ends its part. */
import { parentPort } from 'node:worker_threads'
import { createStack } from './stack.ts'
import type { JoiningJob } from './share-image.test-support.ts'

async function work({ share, mark, lbas, drive }: JoiningJob): Promise<void> {
  const device = await createStack().joinImage(share)
  const sector = new Uint8Array(device.sectorSize).fill(mark)
  if (drive === 'blocking') {
    for (const lba of lbas) device.blocking.write(lba, sector)
    device.blocking.close()
  } else {
    await Promise.all(lbas.map((lba) => device.write(lba, sector)))
    await device.close()
  }
}

parentPort?.on('message', (job: JoiningJob) => {
  // A failure is unhandled, ends the thread, and is reported by that.
  void work(job).then(() => parentPort?.postMessage('over'))
})
