import { expect, test } from 'vitest'
import type { BttDevice } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import {
  MIB,
  PowerFailure,
  StoppingProvider,
  bijectionProblems,
  engine,
  freshMemory,
} from './engine.test-support.ts'

const SECTORS = 12

/** The first sectors of an image as another attach reads them. */
function contentOf(bytes: Uint8Array): Uint8Array {
  const device = runAtomic(engine.attach(new MemoryProvider({ bytes }, 'after the cut')))
  const content = new Uint8Array(SECTORS * device.sectorSize)
  device.atomic.readBytes(0, content)
  return content
}

/** Cuts the power at the n-th provider write of `operation`, for every n, and looks at each sector afterwards. */
function cutEverywhere(externalLbasize: number, operation: (device: BttDevice) => void): number {
  const base = freshMemory(17 * MIB, { externalLbasize, nfree: 4 })
  const prepared = runAtomic(engine.attach(base))
  const { sectorSize } = prepared
  prepared.atomic.writeBytes(
    0,
    Uint8Array.from({ length: SECTORS * sectorSize }, (_, i) => (i * 7) & 0xff),
  )
  const before = contentOf(base.mapping.slice())

  const finished = base.mapping.slice()
  operation(runAtomic(engine.attach(new MemoryProvider({ bytes: finished }, 'finished'))))
  const after = contentOf(finished)

  for (let cut = 0; ; cut++) {
    const bytes = base.mapping.slice()
    const device = runAtomic(engine.attach(new StoppingProvider(new MemoryProvider({ bytes }, 'cut'), cut)))
    try {
      operation(device)
      return cut
    } catch (error) {
      expect(error).toBeInstanceOf(PowerFailure)
    }
    const now = contentOf(bytes)
    for (let sector = 0; sector < SECTORS; sector++) {
      const part = [sector * sectorSize, (sector + 1) * sectorSize] as const
      const is = (model: Uint8Array): boolean =>
        Buffer.compare(now.subarray(...part), model.subarray(...part)) === 0
      expect(is(before) || is(after), `write ${cut}, sector ${sector} is torn`).toBe(true)
    }
    expect(bijectionProblems(bytes, 4096), `write ${cut}`).toEqual([])
  }
}

test.each([512, 520, 4096])(
  'a write over parts of %i-byte sectors never tears one, whichever provider write is the last',
  (lbasize) => {
    const cuts = cutEverywhere(lbasize, (device) =>
      device.atomic.writeBytes(100, new Uint8Array(5 * device.sectorSize + 333).fill(0xab)),
    )
    // Data, two flog halves and the map for each of six or seven sectors, at least.
    expect(cuts).toBeGreaterThanOrEqual(24)
  },
)

test('a write inside one sector never tears it', () => {
  cutEverywhere(4096, (device) => device.atomic.writeBytes(3 * 4096 + 17, new Uint8Array(1000).fill(0xcd)))
})

test('zeroing a range that begins and ends in the middle of sectors never tears one', () => {
  cutEverywhere(512, (device) => device.atomic.zeroBytes(700, 8 * 512 + 5))
})

test('many writes through few lanes never tear a sector', () => {
  const cuts = cutEverywhere(512, (device) => {
    for (let i = 0; i < SECTORS; i++) device.atomic.write((i * 5) % SECTORS, new Uint8Array(512).fill(i + 1))
  })
  expect(cuts).toBe(SECTORS * 4)
})
