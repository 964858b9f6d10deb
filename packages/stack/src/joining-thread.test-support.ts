/** A thread that joins an image with a stack of its own, fills its sectors with its mark, and ends its part. */
import { parentPort, workerData } from 'node:worker_threads'
import { createStack } from './stack.ts'
import type { JoiningJob } from './share-image.test-support.ts'

const { share, mark, lbas, drive } = workerData as JoiningJob
const device = await createStack().joinImage(share)
const sector = new Uint8Array(device.sectorSize).fill(mark)
if (drive === 'blocking') {
  for (const lba of lbas) device.blocking.write(lba, sector)
  device.blocking.close()
} else {
  await Promise.all(lbas.map((lba) => device.write(lba, sector)))
  await device.close()
}
parentPort?.postMessage('over')
