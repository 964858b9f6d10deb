import { describe, expect, test } from 'vitest'
import { SectorErrorError } from '@bttkit/interfaces'
import { kernelImages, poolImages, poolImage, type KernelImage } from '@bttkit/fixtures'
import { Disk, type Driven } from './disk.test-support.ts'
import { bijectionProblems, sha256 } from './engine.test-support.ts'
import { describeOverStorages, sampleOver } from './over-storages.test-support.ts'

/** Unpacked once. */
const sound = kernelImages()
  .filter(({ kind }) => kind !== 'corrupt')
  .map((image) => ({ image, name: image.name, pristine: image.bytes() }))
const pools = poolImages().map((pool) => ({ pool, name: pool.name, pristine: pool.bytes() }))
const poolsWithZeros = pools.filter(({ pool }) => (pool.manifest.zero_lbas ?? []).length > 0)

function pristineOf(name: string): Uint8Array {
  const found = [...sound, ...pools].find((each) => each.name === name)
  if (found === undefined) throw new Error(`no image is called ${name}`)
  return found.pristine
}

/** Attaches, and reads every sector. */
async function readAll(disk: Disk, readOnly: boolean): Promise<Uint8Array> {
  const device = await disk.attach({ readOnly })
  const content = new Uint8Array(device.sectorCount * device.sectorSize)
  await device.read(0, content)
  return content
}

function mapOffset(image: KernelImage): number {
  const arena = image.manifest.arenas?.[0]
  if (arena === undefined) throw new Error(`${image.name} has no arena`)
  return arena.at + arena.info.mapoff
}

/** So many blocks are read at once, where none of them is an error. */
const RUN_BLOCKS = 256

/** Blocks of a pool as they follow each other there: each with its metadata behind it. */
async function readBlocks(device: Driven, first: number, target: Uint8Array): Promise<void> {
  const { sectorSize, metadataSize } = device
  const stride = sectorSize + metadataSize
  const count = target.length / stride
  const data = new Uint8Array(count * sectorSize)
  const metadata = new Uint8Array(count * metadataSize)
  await device.read(first, data, metadata)
  for (let i = 0; i < count; i++) {
    target.set(data.subarray(i * sectorSize, (i + 1) * sectorSize), i * stride)
    target.set(metadata.subarray(i * metadataSize, (i + 1) * metadataSize), i * stride + sectorSize)
  }
}

/** As `readBlocks`; a block that is an error becomes 0xee, and its LBA is returned. */
async function readTolerantly(device: Driven, first: number, target: Uint8Array): Promise<number[]> {
  const stride = device.sectorSize + device.metadataSize
  try {
    await readBlocks(device, first, target)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(SectorErrorError)
    if (target.length === stride) {
      target.fill(0xee)
      return [first]
    }
  }
  const errors: number[] = []
  for (let at = 0; at < target.length; at += stride)
    errors.push(...(await readTolerantly(device, first + at / stride, target.subarray(at, at + stride))))
  return errors
}

describeOverStorages((storage) => {
  describe.each(sampleOver(storage, sound, ({ image }) => image.kind))('$name', ({ image, pristine }) => {
    const { manifest } = image

    test('reads as the Linux driver reads it, and is left byte-identical by a read-only attach', async () => {
      using disk = new Disk(storage, pristine)
      const content = await readAll(disk, true)
      expect(content.length).toBe(manifest.logical?.bytes)
      expect(sha256(content)).toBe(manifest.logical?.sha256)
      expect(disk.holds(pristine)).toBe(true)
    })

    test('is described as its manifest says', async () => {
      using disk = new Disk(storage, pristine)
      const { info } = await disk.attach({ readOnly: true })
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
      expect(info.metadataSize).toBe(
        (manifest.btt?.externalLbasize ?? 0) - (manifest.logical?.sectorSize ?? 0),
      )
      expect(info.state).toBe(
        manifest.arenas?.some((arena) => arena.pendingRecovery.length > 0) ? 'needs-recovery' : 'clean',
      )
      expect(info.problems).toEqual([])
    })

    test('an attach for writing completes its pending writes and changes nothing else', async () => {
      const expected = pristine.slice()
      using disk = new Disk(storage, expected)
      const view = new DataView(expected.buffer, expected.byteOffset)
      for (const pending of manifest.arenas?.[0]?.pendingRecovery ?? []) {
        view.setUint32(mapOffset(image) + pending.lba * 4, (0xc000_0000 | pending.new) >>> 0, true)
      }
      const content = await readAll(disk, false)
      expect(sha256(content)).toBe(manifest.logical?.sha256)
      const bytes = disk.bytes()
      expect(Buffer.compare(bytes, expected)).toBe(0)
      expect(bijectionProblems(bytes, manifest.btt?.infoBlockFileOffset ?? 0)).toEqual([])
    })
  })

  test('a read-only attach of an interrupted image says that it needs recovery, and after one for writing it is clean', async () => {
    using disk = new Disk(storage, pristineOf('crash-512'))
    const stateOf = async (readOnly: boolean) => (await disk.attach({ readOnly })).info.state
    expect(await stateOf(true)).toBe('needs-recovery')
    expect(await stateOf(false)).toBe('clean')
    expect(await stateOf(true)).toBe('clean')
  })

  test.each(sampleOver(storage, pools, ({ pool }) => pool.kind))(
    'pool $name reads as libpmemblk reads it',
    async ({ pool, pristine }) => {
      const { manifest } = pool
      using disk = new Disk(storage, pristine)
      const device = await disk.attach({ readOnly: true })
      expect(device.sectorCount).toBe(manifest.nlba)
      expect(device.sectorSize + device.metadataSize).toBe(manifest.bsize)
      const content = new Uint8Array(manifest.nlba * manifest.bsize)
      const errors: number[] = []
      const runBytes = RUN_BLOCKS * manifest.bsize
      for (let at = 0; at < content.length; at += runBytes)
        errors.push(
          ...(await readTolerantly(device, at / manifest.bsize, content.subarray(at, at + runBytes))),
        )
      expect(errors).toEqual(manifest.error_lbas ?? [])
      expect(sha256(content)).toBe(manifest.logical_sha256)
    },
  )

  test.each(sampleOver(storage, poolsWithZeros))(
    'zero blocks of $name read as zeros',
    async ({ pool, pristine }) => {
      using disk = new Disk(storage, pristine)
      const device = await disk.attach({ readOnly: true })
      for (const lba of pool.manifest.zero_lbas ?? []) {
        const sector = new Uint8Array(device.sectorSize).fill(0xff)
        await device.read(lba, sector)
        expect(sector.every((byte) => byte === 0)).toBe(true)
      }
    },
  )

  test('recovery of an interrupted pool makes the map that libpmemblk makes, and changes nothing else', async () => {
    const pool = poolImage('crash-4096')
    const before = pristineOf('crash-4096')
    const arena = pool.manifest.arenas?.[0]
    if (arena === undefined) throw new Error('no arena')
    using disk = new Disk(storage, before)
    await disk.attach()
    const bytes = disk.bytes()
    const mapStart = arena.offset + arena.mapoff
    const mapEnd = mapStart + arena.external_nlba * 4
    expect(sha256(bytes.subarray(mapStart, mapEnd))).toBe(pool.manifest.recovery?.map_sha256_after)
    expect(Buffer.compare(bytes.subarray(0, mapStart), before.subarray(0, mapStart))).toBe(0)
    expect(Buffer.compare(bytes.subarray(mapEnd), before.subarray(mapEnd))).toBe(0)
    expect(bijectionProblems(bytes, arena.offset)).toEqual([])
  })

  test('a pool that was never written says so, and is not laid out by an attach for writing', async () => {
    const pool = poolImage('no-layout-512')
    using disk = new Disk(storage, pristineOf('no-layout-512'))
    const device = await disk.attach({ readOnly: true })
    expect(device.info.problems).toEqual([expect.stringContaining('never written')])
    await expect(disk.attach()).rejects.toThrow(expect.objectContaining({ code: 'BTT_POOL_WITHOUT_LAYOUT' }))
    expect(sha256(disk.bytes())).toBe(pool.manifest.pool_file.sha256)
  })
})
