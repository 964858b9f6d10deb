/** Each thing that a judge looks for, in storage that was made wrong by hand. */
import { expect, test } from 'vitest'
import type { Engine } from '@bttkit/interfaces'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import { ImageJudge } from './image-judge.ts'
import { afterwards, type CrashOperation } from './crash-operation.ts'
import { engine, smallImage } from './crash-check.test-support.ts'
import { ExpectedSectors } from './expected-sectors.ts'
import { judge, type Obligations } from './judge-device.ts'

const IMAGE = smallImage(520)
const { info } = runAtomic(engine.attach(storage()))
const [arena] = info.arenas
const WRITE: CrashOperation = { kind: 'write', lba: 33, count: 1, value: 5 }
const OPTIONS = { engine, operationsAfterwards: [], images: new ImageJudge(), info }

function storage(): PowerFailMemory {
  return new PowerFailMemory({ media: IMAGE, model: 'strict' })
}

function sectorsOfImage(): ExpectedSectors {
  return ExpectedSectors.of(runAtomic(engine.attach(storage())), [32, 33, 34])
}

function acknowledged(): Obligations {
  const expected = sectorsOfImage()
  return { acknowledged: expected, underWay: expected }
}

function underWay(): Obligations {
  const expected = sectorsOfImage()
  return { acknowledged: expected, underWay: expected.after(WRITE) }
}

/** Byte of the storage at which the map entry of a sector is. */
function entryOffset(lba: number): number {
  return (arena?.offset ?? 0) + (arena?.mapoff ?? 0) + lba * 4
}

/** Byte of the storage at which the data of a sector are. */
function dataOffset(lba: number): number {
  const block = new DataView(IMAGE.buffer).getUint32(entryOffset(lba), true) & 0x3fff_ffff
  return (arena?.offset ?? 0) + (arena?.dataoff ?? 0) + block * (arena?.internalLbasize ?? 0)
}

test('what is as it was acknowledged is right', () => {
  expect(judge(storage(), acknowledged(), OPTIONS)).toBeUndefined()
  expect(judge(storage(), underWay(), OPTIONS)).toBeUndefined()
})

test('so is the new version of an operation under way, and only there', () => {
  const written = storage()
  const fresh = afterwards(WRITE, 33, new Uint8Array(520), { sectorSize: 512, metadataSize: 8 })
  written.write(dataOffset(33), fresh)
  expect(judge(written, underWay(), OPTIONS)).toBeUndefined()
  expect(judge(written, acknowledged(), OPTIONS)).toBe(
    'LBA 33 is not what was acknowledged, from its byte 0 on',
  )
})

test('a mixture of both versions is none', () => {
  const torn = storage()
  const fresh = afterwards(WRITE, 33, new Uint8Array(520), { sectorSize: 512, metadataSize: 8 })
  torn.write(dataOffset(33), fresh.subarray(0, 64))
  expect(judge(torn, underWay(), OPTIONS)).toBe(
    'LBA 33 is no complete version: it differs from the old one from byte 0 on, and from the new one from byte 64 on',
  )
})

test('new data with the old metadata are no version either', () => {
  const torn = storage()
  const fresh = afterwards(WRITE, 33, new Uint8Array(520), { sectorSize: 512, metadataSize: 8 })
  torn.write(dataOffset(33), fresh.subarray(0, 512))
  expect(judge(torn, underWay(), OPTIONS)).toMatch(/no complete version.*from the new one from byte 512 on/)
})

test('a sector beside those that are changed is watched too', () => {
  const damaged = storage()
  damaged.write(dataOffset(34) + 3, Uint8Array.of(1))
  expect(judge(damaged, underWay(), OPTIONS)).toBe('LBA 34 is not what was acknowledged, from its byte 3 on')
})

test('a block of two sectors is found, also where both are as they should be', () => {
  const damaged = storage()
  // Sectors that nobody watches.
  damaged.write(entryOffset(3), IMAGE.subarray(entryOffset(4), entryOffset(4) + 4))
  // As right as can be, and known to be.
  expect(judge(storage(), acknowledged(), OPTIONS)).toBeUndefined()
  expect(judge(damaged, acknowledged(), OPTIONS)).toMatch(/mappedTwice 1.*"lbas":\[3,4\].*leaked 1/)
})

test('a sector that is lost is found; one that was lost before may stay so, or be written', () => {
  const lost = storage()
  lost.write(entryOffset(33) + 3, Uint8Array.of(0x40))
  expect(judge(lost, acknowledged(), OPTIONS)).toBe('LBA 33 is lost, says the map')
  const lostBefore = ExpectedSectors.of(runAtomic(engine.attach(lost)), [32, 33, 34])
  const obligations = { acknowledged: lostBefore, underWay: lostBefore.after(WRITE) }
  expect(judge(lost, obligations, OPTIONS)).toBeUndefined()
  const written = lost.copy()
  runAtomic(runAtomic(engine.attach(written)).sleepable.write(33, new Uint8Array(512).fill(1)))
  expect(judge(written, obligations, OPTIONS)).toMatch(/^LBA 33 is no complete version/)
})

test('a sector that cannot be read is found', () => {
  const damaged = storage()
  damaged.write(entryOffset(33), Uint8Array.of(0xff, 0xff, 0xff, 0xff))
  expect(judge(damaged, acknowledged(), OPTIONS)).toMatch(/^LBA 33 cannot be read: MapEntryError/)
})

test('storage that cannot be attached is found', () => {
  const refusing: Engine = {
    ...spoiling(() => {}),
    attach: () => {
      throw new TypeError('not today')
    },
  }
  expect(judge(storage(), acknowledged(), { ...OPTIONS, engine: refusing })).toBe(
    'it cannot be attached: TypeError: not today',
  )
})

test('what the checker of images has against what was left is found, also where an attach mends it', () => {
  const damaged = storage()
  const backup = (arena?.offset ?? 0) + (arena?.info2off ?? 0)
  damaged.zero(backup, 4096)
  let isMended = false
  const mending: Engine = {
    ...spoiling(() => {}),
    attach: (provider, options) => {
      if (!isMended) void provider.write(backup, IMAGE.subarray(backup, backup + 4096))
      isMended = true
      return engine.attach(provider, options)
    },
  }
  expect(judge(damaged, acknowledged(), { ...OPTIONS, engine: mending })).toMatch(
    /^the checker of images calls it damaged: .*backup/,
  )
})

test('what it has against what was recovered is found, where blocks have one holder each', () => {
  const once = spoiling(
    (provider) => void provider.write((arena?.offset ?? 0) + (arena?.info2off ?? 0), new Uint8Array(4096)),
  )
  expect(judge(storage(), acknowledged(), { ...OPTIONS, engine: once })).toMatch(
    /^the checker of images calls it damaged: .*backup/,
  )
})

/** An engine that is wrong after its recovery: `spoil` is done to the storage at each attach. */
function spoiling(spoil: (memory: Parameters<Engine['attach']>[0]) => void): Engine {
  return {
    attach: function* (provider, options) {
      const device = yield* engine.attach(provider, options)
      spoil(provider)
      return device
    },
    create: (provider, options) => engine.create(provider, options),
    join: (provider, share) => engine.join(provider, share),
  }
}

test('an attach that stores again each time is found', () => {
  const again = spoiling((provider) => void provider.write(0, Uint8Array.of(1)))
  expect(judge(storage(), acknowledged(), { ...OPTIONS, engine: again })).toBe(
    'attaching once more stores again: write of 1 bytes at 0',
  )
})

test('each store of the recovery is told, and none that comes later', () => {
  const once = spoiling((provider) => void provider.write(0, Uint8Array.of(1)))
  let told = 0
  judge(
    storage(),
    acknowledged(),
    { ...OPTIONS, engine: once, operationsAfterwards: [WRITE] },
    () => void told++,
  )
  expect(told).toBe(1)
})

test('operations afterwards are read back, and what fails is found', () => {
  const operationsAfterwards: CrashOperation[] = [WRITE, { kind: 'zero', lba: 32, count: 2 }]
  expect(judge(storage(), acknowledged(), { ...OPTIONS, operationsAfterwards })).toBeUndefined()
  const readOnly: Engine = {
    ...spoiling(() => {}),
    attach: (provider, options) => engine.attach(provider, { ...options, readOnly: true }),
  }
  expect(judge(storage(), acknowledged(), { ...OPTIONS, engine: readOnly, operationsAfterwards })).toMatch(
    /^an operation afterwards fails: ReadOnlyError/,
  )
})
