/** `btt info`: what it says of storage, and of sectors that are lost. */
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { BttInfo } from '@bttkit/interfaces'
import { MAP_ENTRY_BYTES, errorEntry } from '@bttkit/btt-format'
import { bttHere, bttJson, bttOk, fingerprint, scratch } from './program.test-support.ts'
import type { ProviderInfo } from './storage-info.ts'

const WEAK_PLUGIN = fileURLToPath(new URL('weak-plugin.test-support.ts', import.meta.url))

type ImageInfo = BttInfo & { readonly errorSectors: number | null; readonly provider: ProviderInfo }

async function created(): Promise<{ image: string; info: BttInfo }> {
  const image = join(scratch(), 'disk.img')
  return { image, info: await bttJson<BttInfo>('create', image, '--size', '17MiB') }
}

/** Byte of the image at which the map has an entry. */
function entryAt({ arenas }: BttInfo, lba: number): number {
  const [arena] = arenas
  if (arena === undefined) throw new Error('an image has an arena')
  return arena.offset + arena.mapoff + lba * MAP_ENTRY_BYTES
}

/** Marks sectors as lost, as the engine and Linux do. */
function loseSectors(image: string, info: BttInfo, lbas: readonly number[]): void {
  const fd = openSync(image, 'r+')
  for (const lba of lbas) {
    const entry = Buffer.alloc(MAP_ENTRY_BYTES)
    entry.writeUInt32LE(errorEntry(lba))
    writeSync(fd, entry, 0, MAP_ENTRY_BYTES, entryAt(info, lba))
  }
  closeSync(fd)
}

const textOf = async (...args: string[]): Promise<string> => (await bttOk('info', ...args)).toString()

test('a file: its provider, what it promises, and what the engine makes of it', async () => {
  const { image, info } = await created()
  const { provider, errorSectors, ...rest } = await bttJson<ImageInfo>('info', image)
  expect(rest).toEqual(info)
  expect(errorSectors).toBe(0)
  expect(provider).toMatchObject({ name: 'file', schemes: ['file'], badBlocks: [] })
  expect(provider.capabilities).toMatchObject({
    persistBy: 'fdatasync',
    atomicWriteBytes: 512,
    maxWritesInFlight: null,
  })
  const text = await textOf(image)
  expect(text).toMatch(/^ {2}error sectors +0$/m)
  expect(text).toMatch(/^storage$/m)
  expect(text).toMatch(/^ {2}provider +file \(file:\)$/m)
  expect(text).toMatch(/^ {2}made durable by +fdatasync$/m)
  expect(text).toMatch(/^ {2}flog halves +a flush after each$/m)
  expect(text).toMatch(/^ {2}writes +safe$/m)
  expect(text).toMatch(/^ {2}bad blocks +none known$/m)
})

test.skipIf(process.platform !== 'linux')('a mapped file: by which method it persists', async () => {
  const { image } = await created()
  const { provider } = await bttJson<ImageInfo>('info', `dax:${image}?persist=msync`)
  expect(provider).toMatchObject({ name: 'dax', schemes: ['dax'], capabilities: { persistBy: 'msync' } })
  expect(await textOf(`dax:${image}?persist=msync`)).toMatch(/^ {2}made durable by +msync$/m)
})

test('a layer with media errors: the layers, and the bad blocks', async () => {
  const { image } = await created()
  const url = `fault:delay:${image}?mediaErrors=5242880+512,8388608+1024`
  const { provider } = await bttJson<ImageInfo>('info', url)
  expect(provider.schemes).toEqual(['fault', 'delay', 'file'])
  expect(provider.name).toMatch(/^fault.* over delay.* over file$/)
  expect(provider.badBlocks).toEqual([
    { offset: 5_242_880, length: 512 },
    { offset: 8_388_608, length: 1024 },
  ])
  const text = await textOf(url)
  expect(text).toMatch(/^ {2}provider +fault.* over delay.* over file \(fault:delay:file:\)$/m)
  expect(text).toMatch(/^ {2}bad blocks +2 known, 1536 bytes, the first at byte 5242880$/m)
})

test('sectors that are lost are counted', async () => {
  const { image, info } = await created()
  loseSectors(image, info, [0, 7, info.sectorCount - 1])
  const before = fingerprint(image)
  expect(await bttJson('info', image)).toMatchObject({ ...info, errorSectors: 3 })
  expect(await textOf(image)).toMatch(/^ {2}error sectors +3$/m)
  expect(fingerprint(image)).toBe(before)
})

test('a sector that is written again is not lost any more', async () => {
  const { image, info } = await created()
  loseSectors(image, info, [7, 8])
  writeFileSync(`${image}.in`, Buffer.alloc(4096, 1))
  await bttOk('write', image, '--lba', '7', '-i', `${image}.in`)
  expect(await bttJson('info', image)).toMatchObject({ errorSectors: 1 })
})

test('an image whose map cannot be read is described all the same', async () => {
  const { image, info } = await created()
  const lost = Math.ceil(entryAt(info, 0) / 512) * 512
  const url = `fault:${image}?mediaErrors=${lost}+512`
  expect(await bttJson('info', url)).toMatchObject({ sectorCount: info.sectorCount, errorSectors: null })
  expect(await textOf(url)).toMatch(new RegExp(`^ {2}error sectors +unknown: .*byte ${lost}: `, 'm'))
})

test('storage that is not safe to write on: why', async () => {
  const { image } = await created()
  const text = await textOf('--plugin', WEAK_PLUGIN, `weak:${image}`)
  expect(text).toMatch(/^ {2}writes +refused, because a torn write can damage its neighbours/m)
  expect(text).toMatch(/^ {2}at once +1 write at most$/m)
  const before = readFileSync(image)
  const writing = await bttHere('zero', `weak:${image}`, '--lba', '0', '--plugin', WEAK_PLUGIN)
  expect(writing.exitCode).toBe(1)
  expect(writing.stderr).toContain('a torn write can damage its neighbours')
  expect(readFileSync(image).equals(before)).toBe(true)
})

test.each([
  ['fault:disk.img?mediaErors=1+1', "the provider 'file' has no parameter 'mediaErors'; there is flush"],
  ['mem:?size=64Q', "the parameter 'size' cannot be '64Q': "],
  ['warp:disk.img', 'no provider knows the scheme "warp:"; there are file:, '],
])('%s is one clear line', async (image, says) => {
  const { exitCode, stderr } = await bttHere('info', image)
  expect(exitCode).toBe(1)
  expect(stderr).toContain(says)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})
