/** A flush that sleeps while its caller holds a lane, and others want that lane. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { SleepingFlushProvider } from '@bttkit/pmem-sleeping-flush'
import { runAsync } from '@bttkit/sleepable'
import type { Subject } from '../subject.ts'
import type { Check, Verdict } from './check.ts'
import { smallImage } from './images.ts'

/** Long enough for a few flushes of a millisecond on a busy machine. */
const LIMIT_MS = 10_000
const NO_END = `three writes do not end within ${LIMIT_MS / 1000} s`

async function threeWriters({ engine }: Subject): Promise<Verdict> {
  const memory = new PowerFailMemory({ media: smallImage(engine), model: 'px86' })
  const storage = new SleepingFlushProvider(memory, { flushDelayMs: 1 })
  const device = await runAsync(engine.attach(storage, { laneCount: 1 }))
  const writes = [33, 34, 60].map((lba) =>
    runAsync(device.sleepable.write(lba, new Uint8Array(device.sectorSize).fill(lba))),
  )
  const problem = await Promise.race([Promise.all(writes), sleep(LIMIT_MS, NO_END, { ref: false })]).then(
    (ended) => (typeof ended === 'string' ? ended : undefined),
    String,
  )
  return { problem: problem && `a flush that sleeps: ${problem}`, runs: 1, states: 1n, isComplete: true }
}

export const SLEEPING_FLUSH: Check = {
  name: 'a flush that sleeps',
  checker: 'failing storage',
  run: threeWriters,
}
