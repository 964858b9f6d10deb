import { expect, test } from 'vitest'
import { SectorErrorError } from '@bttkit/interfaces'
import { kernelImage, kernelImages, poolImages, poolImage, type KernelImage } from '@bttkit/fixtures'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { bijectionProblems, engine, sha256 } from './engine.test-support.ts'

const sound = kernelImages().filter((image) => image.kind !== 'corrupt')

function readAll(provider: MemoryProvider, readOnly: boolean): Uint8Array {
  const device = runAtomic(engine.attach(provider, { readOnly }))
  const content = new Uint8Array(device.sectorCount * device.sectorSize)
  device.atomic.read(0, content)
  return content
}

function mapOffset(image: KernelImage): number {
  const arena = image.manifest.arenas?.[0]
  if (arena === undefined) throw new Error(`${image.name} has no arena`)
  return arena.at + arena.info.mapoff
}

test.each(sound.map((image) => [image.name, image] as const))(
  '%s reads as the Linux driver reads it',
  (_name, image) => {
    const content = readAll(new MemoryProvider({ bytes: image.bytes() }, image.name), true)
    expect(content.length).toBe(image.manifest.logical?.bytes)
    expect(sha256(content)).toBe(image.manifest.logical?.sha256)
  },
)

test.each(sound.map((image) => [image.name, image] as const))(
  '%s is described as its manifest says',
  (_name, image) => {
    const { manifest } = image
    const { info } = runAtomic(
      engine.attach(new MemoryProvider({ bytes: image.bytes() }, image.name), { readOnly: true }),
    )
    const arenas = (manifest.arenas ?? []).map(({ at, size, info: fields }) => {
      const { versionMajor, versionMinor, checksumOk: _checksumOk, ...rest } = fields
      return { offset: at, size, ...rest, major: versionMajor, minor: versionMinor }
    })
    expect(info.arenas).toEqual(arenas)
    expect(info.format.version).toBe(manifest.btt?.version)
    expect(info.format.dialect).toBe('kernel')
    expect(info.format.logLayout).toBe(manifest.arenas?.[0]?.logSlots.join(','))
    expect(info.namespaceOffset).toBe(manifest.btt?.infoBlockFileOffset)
    expect(info.sectorSize).toBe(manifest.logical?.sectorSize)
    expect(info.sectorCount).toBe(manifest.logical?.sectors)
    expect(info.metadataSize).toBe((manifest.btt?.externalLbasize ?? 0) - (manifest.logical?.sectorSize ?? 0))
    expect(info.state).toBe(
      manifest.arenas?.some((arena) => arena.pendingRecovery.length > 0) ? 'needs-recovery' : 'clean',
    )
    expect(info.problems).toEqual([])
  },
)

test.each(sound.map((image) => [image.name, image] as const))(
  '%s is left byte-identical by a read-only attach',
  (_name, image) => {
    const bytes = image.bytes()
    readAll(new MemoryProvider({ bytes }, image.name), true)
    expect(sha256(bytes)).toBe(image.manifest.rawSha256)
  },
)

test.each(sound.map((image) => [image.name, image] as const))(
  'an attach for writing completes the pending writes of %s and changes nothing else',
  (_name, image) => {
    const bytes = image.bytes()
    const expected = image.bytes()
    const view = new DataView(expected.buffer, expected.byteOffset)
    for (const pending of image.manifest.arenas?.[0]?.pendingRecovery ?? []) {
      view.setUint32(mapOffset(image) + pending.lba * 4, (0xc000_0000 | pending.new) >>> 0, true)
    }
    const content = readAll(new MemoryProvider({ bytes }, image.name), false)
    expect(sha256(content)).toBe(image.manifest.logical?.sha256)
    expect(sha256(bytes)).toBe(sha256(expected))
    expect(bijectionProblems(bytes, image.manifest.btt?.infoBlockFileOffset ?? 0)).toEqual([])
  },
)

test('a read-only attach of an interrupted image says that it needs recovery, and after one for writing it is clean', () => {
  const image = kernelImage('crash-512')
  const memory = new MemoryProvider({ bytes: image.bytes() }, image.name)
  expect(runAtomic(engine.attach(memory, { readOnly: true })).info.state).toBe('needs-recovery')
  expect(runAtomic(engine.attach(memory)).info.state).toBe('clean')
  expect(runAtomic(engine.attach(memory, { readOnly: true })).info.state).toBe('clean')
})

const pools = poolImages()

test.each(pools.map((pool) => [pool.name, pool] as const))(
  'pool %s reads as libpmemblk reads it',
  (_name, pool) => {
    const { manifest } = pool
    const device = runAtomic(
      engine.attach(new MemoryProvider({ bytes: pool.bytes() }, pool.name), { readOnly: true }),
    )
    expect(device.sectorCount).toBe(manifest.nlba)
    expect(device.sectorSize + device.metadataSize).toBe(manifest.bsize)
    const content = new Uint8Array(manifest.nlba * manifest.bsize)
    const errors: number[] = []
    for (let lba = 0; lba < manifest.nlba; lba++) {
      const block = content.subarray(lba * manifest.bsize, (lba + 1) * manifest.bsize)
      try {
        device.atomic.read(lba, block.subarray(0, device.sectorSize), block.subarray(device.sectorSize))
      } catch (error) {
        expect(error).toBeInstanceOf(SectorErrorError)
        errors.push(lba)
        block.fill(0xee)
      }
    }
    expect(errors).toEqual(manifest.error_lbas ?? [])
    expect(sha256(content)).toBe(manifest.logical_sha256)
  },
)

test.each(
  pools.flatMap((pool) => ((pool.manifest.zero_lbas ?? []).length > 0 ? [[pool.name, pool] as const] : [])),
)('zero blocks of %s read as zeros', (_name, pool) => {
  const device = runAtomic(
    engine.attach(new MemoryProvider({ bytes: pool.bytes() }, pool.name), { readOnly: true }),
  )
  for (const lba of pool.manifest.zero_lbas ?? []) {
    const sector = new Uint8Array(device.sectorSize).fill(0xff)
    device.atomic.read(lba, sector)
    expect(sector.every((byte) => byte === 0)).toBe(true)
  }
})

test('recovery of an interrupted pool makes the map that libpmemblk makes', () => {
  const pool = poolImage('crash-4096')
  const bytes = pool.bytes()
  const arena = pool.manifest.arenas?.[0]
  if (arena === undefined) throw new Error('no arena')
  runAtomic(engine.attach(new MemoryProvider({ bytes }, pool.name)))
  const map = bytes.subarray(
    arena.offset + arena.mapoff,
    arena.offset + arena.mapoff + arena.external_nlba * 4,
  )
  expect(sha256(map)).toBe(pool.manifest.recovery?.map_sha256_after)
  expect(bijectionProblems(bytes, arena.offset)).toEqual([])
})

test('recovery of an interrupted pool changes nothing but the map', () => {
  const pool = poolImage('crash-4096')
  const [bytes, before] = [pool.bytes(), pool.bytes()]
  const arena = pool.manifest.arenas?.[0]
  if (arena === undefined) throw new Error('no arena')
  runAtomic(engine.attach(new MemoryProvider({ bytes }, pool.name)))
  const [mapStart, mapEnd] = [
    arena.offset + arena.mapoff,
    arena.offset + arena.mapoff + arena.external_nlba * 4,
  ]
  expect(sha256(bytes.subarray(0, mapStart))).toBe(sha256(before.subarray(0, mapStart)))
  expect(sha256(bytes.subarray(mapEnd))).toBe(sha256(before.subarray(mapEnd)))
})

test('a pool that was never written says so, and is not laid out by an attach for writing', () => {
  const pool = poolImage('no-layout-512')
  const bytes = pool.bytes()
  const device = runAtomic(engine.attach(new MemoryProvider({ bytes }, pool.name), { readOnly: true }))
  expect(device.info.problems).toEqual([expect.stringContaining('never written')])
  expect(() => runAtomic(engine.attach(new MemoryProvider({ bytes }, pool.name)))).toThrow(
    expect.objectContaining({ code: 'BTT_POOL_WITHOUT_LAYOUT' }),
  )
  expect(sha256(bytes)).toBe(pool.manifest.pool_file.sha256)
})
