import { expect, test } from 'vitest'
import type { MaybeSleep } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { MIB, PassingProvider, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'

const WRITERS = 64
const ROUNDS = 20

/** Every call sleeps for a turn of the event loop. */
class SleepingMemory extends PassingProvider {
  override read(offset: number, target: Uint8Array): MaybeSleep {
    return this.sleep(() => void super.read(offset, target))
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    return this.sleep(() => void super.write(offset, source))
  }

  override flush(): MaybeSleep {
    return this.sleep(() => {})
  }

  private sleep(work: () => void): MaybeSleep {
    return new Promise<void>((resolve) => {
      setImmediate(() => {
        work()
        resolve()
      })
    })
  }
}

test('64 writers on 4 lanes get equal shares, and a reader among them no less', async () => {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 4 })
  const provider = new SleepingMemory(memory, { mayWait: true, flush: 'sleeps', durableOnWrite: false })
  const device = await runAsync(engine.attach(provider, { laneCount: 4 }))
  const shares = Array.from({ length: WRITERS }, () => 0)
  let reads = 0
  let done = 0
  const isOver = (): boolean => done >= WRITERS * ROUNDS
  const writers = shares.map(async (_, task) => {
    while (!isOver()) {
      await device.write(task * 16, new Uint8Array(512).fill(task))
      if (isOver()) return
      done++
      shares[task] = (shares[task] ?? 0) + 1
    }
  })
  const reader = async (): Promise<void> => {
    while (!isOver()) {
      await device.read(5, new Uint8Array(512))
      reads++
    }
  }
  await Promise.all([...writers, reader()])
  expect(Math.min(...shares)).toBeGreaterThanOrEqual(ROUNDS * 0.95)
  expect(Math.max(...shares)).toBeLessThanOrEqual(ROUNDS * 1.05)
  expect(reads).toBeGreaterThanOrEqual(Math.min(...shares))
  expect(bijectionProblems(memory.mapping, 4096)).toEqual([])
}, 60_000)
