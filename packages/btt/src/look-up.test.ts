/** Readers whose map entry changes between their two looks at it. */
import { expect, test } from 'vitest'
import type { BttDevice } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'
import { MIB, engine, freshMemory } from './engine.test-support.ts'
import { LateProvider } from './late-provider.test-support.ts'

const fill = (byte: number, sectors = 1): Uint8Array => new Uint8Array(512 * sectors).fill(byte)

/**
 * Starts to read LBAs 3 and 4, which are 1. Between the load of the first one's entry and the look at it, `meanwhile` is done. Then drives the read
 * until the entry of LBA 4 is loaded for the first time.
 */
async function readBeside(meanwhile: (device: BttDevice) => Promise<void>) {
  const memory = freshMemory(17 * MIB, { externalLbasize: 512, nfree: 2 })
  const provider = new LateProvider(memory)
  const device = await runAsync(engine.attach(provider, { laneCount: 2, mapCacheBytes: 0, zeroing: 'flags' }))
  await device.write(0, fill(1, 16))
  const entryOf = (lba: number): number => 4096 + (device.info.arenas[0]?.mapoff ?? 0) + lba * 4
  provider.isLate = true
  const target = fill(0xcc, 2)
  const reading = device.sleepable.read(3, target)
  let step = reading.next()
  expect(provider.calls).toMatchObject([{ kind: 'read', offset: entryOf(3) }])
  provider.finishAll()
  await meanwhile(device)
  provider.isLate = true
  for (;;) {
    await step.value
    step = reading.next()
    if (provider.calls[0]?.offset === entryOf(4)) break
    provider.calls[0]?.finish()
  }
  return { provider, device, target, reading, last: step.value }
}

test('a reader whose block was given to another sector before it was in the read tracking reads the sector where it is now', async () => {
  const { target } = await readBeside(async (device) => {
    await device.write(3, fill(2))
    // The same lane: these go to the block that was LBA 3's, and back to the one that is free then.
    await device.write(7, fill(9))
    await device.write(8, fill(9))
    await device.write(9, fill(9))
  })
  expect(target.subarray(0, 512)).toEqual(fill(2))
})

test('a reader that finds its sector zeroed at the second look has left the read tracking', async () => {
  const { provider, device, target, reading, last } = await readBeside((other) => other.zero(3, 1))
  expect(target.subarray(0, 512)).toEqual(fill(0))
  const own = provider.calls[0]
  provider.isLate = false
  // The second of these gets the block that the reader saw first.
  for (const byte of [2, 3, 4]) await device.write(3, fill(byte))
  own?.finish()
  await last
  await runAsync(reading)
  expect(target.subarray(512)).toEqual(fill(1))
})
