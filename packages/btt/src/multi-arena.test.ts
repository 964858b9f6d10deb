import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { decodeInfoBlock, encodeInfoBlock, layOut } from '@bttkit/btt-format'
import { ProviderIoError } from '@bttkit/interfaces'
import { FileProvider } from '@bttkit/pmem-file'
import { runBlocking } from '@bttkit/sleepable'
import { Disk } from './disk.test-support.ts'
import { MIB, bijectionProblems, engine } from './engine.test-support.ts'
import { powerCutAt } from './faults.test-support.ts'
import { describeOverStorages } from './over-storages.test-support.ts'
import { smallArenas } from './small-arenas.test-support.ts'

const SECOND_ARENA = 4096 + 16 * MIB + 4096
const GIB = 2 ** 30
const SIZE = 512 * GIB + 64 * MIB

const folder = mkdtempSync(join(tmpdir(), 'btt-arenas-'))
const path = join(folder, 'image')
afterEach(() => rmSync(path, { force: true }))

function openFile(): FileProvider {
  return FileProvider.open(path, { blocking: true })
}

/** A sparse file; with `junk`, everything but zeros wherever the metadata of a layout will be. */
function makeSparseFile(junk: boolean): void {
  const fd = openSync(path, 'w')
  ftruncateSync(fd, SIZE)
  if (junk) {
    const bytes = new Uint8Array(4 * MIB).fill(0xa7)
    let at = 4096
    for (const arena of layOut({ sizeBytes: SIZE - 4096, externalLbasize: 4096, nfree: 256 })) {
      for (const offset of [
        0,
        arena.mapoff,
        arena.logoff - bytes.length,
        arena.logoff,
        arena.info2off - 8192,
      ]) {
        writeSync(fd, bytes, 0, Math.min(bytes.length, SIZE - at - offset), at + offset)
      }
      at += arena.size
    }
  }
  closeSync(fd)
}

test.each([
  ['a sparse file', false],
  ['a sparse file with junk where the metadata goes', true],
])(
  'two arenas on %s: created, written across the boundary, attached again',
  (_what, junk) => {
    makeSparseFile(junk)
    let provider = openFile()
    runBlocking(engine.create(provider, { force: junk }))
    let device = runBlocking(engine.attach(provider))
    expect(device.info.arenas).toHaveLength(2)
    const boundary = device.info.arenas[0]?.externalNlba ?? 0
    expect(boundary).toBe(134_086_520)
    const across = Uint8Array.from({ length: 6 * 4096 }, (_, i) => (i * 13 + (i >> 12)) & 0xff)
    device.blocking.write(boundary - 3, across)
    device.blocking.writeBytes(
      (boundary + 5) * 4096 - 10,
      Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    )
    device.blocking.close()

    provider = openFile()
    device = runBlocking(engine.attach(provider))
    expect(device.info.state).toBe('clean')
    const back = new Uint8Array(across.length)
    device.blocking.read(boundary - 3, back)
    expect(Buffer.compare(back, across)).toBe(0)
    const bytes = new Uint8Array(14)
    device.blocking.readBytes((boundary + 5) * 4096 - 11, bytes)
    expect([...bytes]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0])
    // Sectors nobody wrote read as zeros, at both ends of both arenas.
    for (const lba of [0, 1000, boundary - 4, boundary + 8, device.sectorCount - 1]) {
      const sector = new Uint8Array(4096).fill(0xff)
      device.blocking.read(lba, sector)
      expect(
        sector.every((byte) => byte === 0),
        `LBA ${lba}`,
      ).toBe(true)
    }
    device.blocking.close()
  },
  60_000,
)

describeOverStorages((storage) => {
  test('a range across small arenas is written, zeroed and read as one', async () => {
    using disk = new Disk(storage, smallArenas())
    const device = await disk.attach()
    const boundary = device.info.arenas[0]?.externalNlba ?? 0
    const content = Uint8Array.from({ length: 10 * 512 }, (_, i) => (i * 3 + (i >> 9)) & 0xff)
    await device.write(boundary - 5, content)
    await device.zero(boundary - 2, 4)
    content.fill(0, 3 * 512, 7 * 512)
    const back = new Uint8Array(content.length)
    const again = await disk.attach()
    await again.read(boundary - 5, back)
    expect(Buffer.compare(back, content)).toBe(0)
    expect(bijectionProblems(disk.bytes(), 4096)).toEqual([])
  })

  test('a second arena whose info blocks are gone is refused with its number', async () => {
    const bytes = smallArenas()
    bytes.fill(0, SECOND_ARENA, SECOND_ARENA + 4096)
    bytes.fill(0, bytes.length - 4096)
    using disk = new Disk(storage, bytes)
    await expect(disk.attach()).rejects.toThrow(/arena 1: there is no info block/)
  })

  test('a second arena of another BTT is refused', async () => {
    const bytes = smallArenas()
    const info = decodeInfoBlock(bytes.subarray(SECOND_ARENA, SECOND_ARENA + 4096))
    bytes.set(encodeInfoBlock({ ...info, uuid: '99999999-2222-3333-4444-555555555555' }), SECOND_ARENA)
    using disk = new Disk(storage, bytes)
    await expect(disk.attach({ readOnly: true })).rejects.toThrow(/another BTT/)
  })
})

test('a creation of two arenas that is cut at any write never leaves the first without the second', () => {
  const create = { force: true } as const
  for (let cut = 1; ; cut++) {
    makeSparseFile(false)
    const provider = openFile()
    let finished = false
    try {
      runBlocking(engine.create(powerCutAt(cut)(provider), create))
      finished = true
    } catch (error) {
      expect(error).toBeInstanceOf(ProviderIoError)
    }
    let arenas = 0
    try {
      arenas = runBlocking(engine.attach(provider, { readOnly: true })).info.arenas.length
    } catch (error) {
      expect((error as { code: string }).code).toBe('BTT_NOT_FOUND')
    }
    void provider.close()
    expect([0, 2]).toContain(arenas)
    if (finished) {
      expect(arenas).toBe(2)
      break
    }
  }
  rmSync(folder, { recursive: true })
}, 120_000)
