import { expect, test } from 'vitest'
import { bijectionProblems } from './engine.test-support.ts'
import type { Driver, LoopJob } from './worker.test-support.ts'
import { storageNamed } from './storages.test-support.ts'
import { SharedImage, TestWorker, patiently, until } from './workers.test-support.ts'

const SECTORS = 8

test.each<{ closer: Driver; busy: readonly Driver[] }>([
  { closer: 'async', busy: ['blocking', 'async'] },
  { closer: 'blocking', busy: ['blocking', 'blocking'] },
])(
  'closing ($closer) while workers ($busy) are at work ends their work with ClosedError, and leaves a whole image',
  async ({ closer, busy }) => {
    using image = new SharedImage(storageNamed('memory'))
    const device = await image.attach({ laneCount: 2 })
    const words = (): Int32Array => new Int32Array(new SharedArrayBuffer(busy.length * SECTORS * 4))
    const [begun, acknowledged, stop] = [words(), words(), words()]
    const share = device.share()
    const workers = busy.map(() => new TestWorker())
    try {
      const ends = workers.map((worker, index) => {
        const firstLba = index * SECTORS
        const driver = busy[index] ?? 'async'
        const loop = {
          share,
          provider: image.spec,
          driver,
          firstLba,
          sectors: SECTORS,
          begun,
          acknowledged,
          stop,
        }
        const job: LoopJob = { job: 'loop', ...loop }
        return worker.run(job)
      })
      for (const at of busy.keys())
        await until('work', () => Atomics.load(acknowledged, at * SECTORS + SECTORS - 1) > 0)
      if (closer === 'blocking') device.blocking.close()
      else await patiently('closing', device.close())
      const closed = image.bytes().slice()
      for (const end of ends)
        expect(await patiently('a worker', end)).toEqual({ error: expect.stringContaining('ClosedError') })
      // Nothing was stored after the device had been closed.
      expect(Buffer.compare(image.bytes(), closed)).toBe(0)
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()))
    }
    expect(bijectionProblems(image.bytes(), 4096)).toEqual([])
    const sectors = new Int32Array(image.readAgain(busy.length * SECTORS).buffer)
    for (const [lba, generation] of acknowledged.entries())
      expect(sectors[lba * 128], `LBA ${lba}`).toBeGreaterThanOrEqual(generation)
  },
  60_000,
)
