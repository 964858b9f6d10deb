/** That verifying fails where work was skipped, done twice, or done wrong: without that no figure means anything. */
import { expect, test } from 'vitest'
import { makeSequence } from './sequence.ts'
import { UnitBuffer } from './unit-buffer.ts'
import { expectedGenerations, verifyContents } from './verify-contents.ts'
import { Places, streamsOf, type Workload } from './workload.ts'

const SHAPE: Workload = {
  operation: 'write',
  sectorBytes: 512,
  sectors: 128,
  unitSectors: 2,
  callSectors: 1,
  threads: 2,
  depth: 1,
}
const UNITS = 50
const SEQUENCE = makeSequence(1)

/** A disk in memory, filled, and then worked on as the workload says. */
class Disk {
  readonly bytes = new Uint8Array(SHAPE.sectors * SHAPE.sectorBytes)
  private readonly places = new Places(SHAPE, SEQUENCE)
  private readonly buffer = new UnitBuffer(SHAPE)

  constructor() {
    for (let lba = 0; lba < SHAPE.sectors; lba += SHAPE.unitSectors) this.writeUnit(lba, 0)
  }

  work(units: number): void {
    for (let stream = 0; stream < streamsOf(SHAPE); stream++)
      for (let done = 0; done < units; done++) this.writeUnit(this.places.lba(stream, done), done + 1)
  }

  writeUnit(lba: number, generation: number): void {
    this.buffer.stamp(lba, generation)
    for (const [index, call] of this.buffer.calls.entries())
      this.bytes.set(call, (lba + index) * SHAPE.sectorBytes)
  }

  verify(workload = SHAPE): Promise<void> {
    return verifyContents('it', workload, expectedGenerations(workload, SEQUENCE, UNITS), (lba, target) => {
      const start = lba * SHAPE.sectorBytes
      target.set(this.bytes.subarray(start, start + target.length))
    })
  }

  /** The unit that the second stream wrote last. */
  get last(): number {
    return this.places.lba(1, UNITS - 1)
  }
}

function workedOn(): Disk {
  const disk = new Disk()
  disk.work(UNITS)
  return disk
}

test('all of the work and nothing else is in order', async () => {
  await expect(workedOn().verify()).resolves.toBeUndefined()
})

test('reads leave what was filled', async () => {
  await expect(new Disk().verify({ ...SHAPE, operation: 'read' })).resolves.toBeUndefined()
  await expect(workedOn().verify({ ...SHAPE, operation: 'read' })).rejects.toThrow('wrong content')
})

test.each<[string, (disk: Disk) => void]>([
  ['the last write of a stream is missing', (disk) => disk.writeUnit(disk.last, UNITS - 1)],
  ['there was a write too many', (disk) => disk.writeUnit(disk.last, UNITS + 1)],
  ['a sector is where another one belongs', (disk) => disk.bytes.copyWithin(0, 1024, 1536)],
  ['the last byte of all is wrong', (disk) => disk.bytes.fill(1, -1)],
  ['a byte in the middle of a sector is wrong', (disk) => disk.bytes.fill(1, 700, 701)],
])('%s', async (_, spoil) => {
  const disk = workedOn()
  spoil(disk)
  await expect(disk.verify()).rejects.toThrow(/^it: wrong content after the work: sector \d+, byte \d+, is/)
})

test('work that was not done at all', async () => {
  await expect(new Disk().verify()).rejects.toThrow('wrong content')
})

test('a read that fetches nothing', async () => {
  const generations = expectedGenerations(SHAPE, SEQUENCE, UNITS)
  await expect(verifyContents('it', SHAPE, generations, () => undefined)).rejects.toThrow('sector 0')
})

test('a sector that came in place of another one is noticed while reading, too', () => {
  const buffer = new UnitBuffer(SHAPE)
  buffer.stamp(4, 1)
  expect(() => buffer.checkEnds(4)).not.toThrow()
  expect(() => buffer.checkEnds(6)).toThrow('sector 6 was asked for, and sector 4 came')
})
