import { expect, test } from 'vitest'
import { runAtomic } from '@bttkit/sleepable'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { SeeingRead, type CrashRead } from './crash-read.ts'
import { perform } from './crash-operation.ts'
import { engine, smallImage } from './crash-check.test-support.ts'
import { readSector } from './expected-sectors.ts'

test.each<[string, CrashRead, number[]]>([
  ['whole sectors and their metadata', { kind: 'read', lba: 33, count: 2 }, [0, 511, 512, 519]],
  [
    'a part that begins in one sector',
    { kind: 'read-bytes', offset: 33 * 512 + 500, length: 20 },
    [500, 511],
  ],
])('%s: it has seen what was there, and no byte may differ', (_, what, bytes) => {
  const device = runAtomic(engine.attach(new PowerFailMemory({ media: smallImage(520), model: 'strict' })))
  for (const lba of [33, 34]) runAtomic(perform(device, { kind: 'write', lba, count: 1, value: lba }))
  const read = new SeeingRead(what, device)
  runAtomic(read.perform(device.sleepable))
  const [first, second] = [readSector(device, 33), readSector(device, 34)]
  expect([read.hasSeen(33, first), read.hasSeen(34, second)]).toEqual([true, true])
  for (const byte of bytes) expect(read.hasSeen(33, first.with(byte, ~(first[byte] ?? 0)))).toBe(false)
  expect(read.hasSeen(34, first)).toBe(false)
})
