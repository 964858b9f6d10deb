/** Images that the Linux driver wrote: `btt` reads from them what Linux reads. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kernelImage, kernelImages, type KernelArena, type KernelImage } from '@bttkit/fixtures'
import type { ArenaInfo, BttInfo } from '@bttkit/interfaces'
import { btt, bttHere, bttJson, bttOk, fingerprint, scratch, sha256 } from './program.test-support.ts'

function unpack(image: KernelImage): string {
  const path = join(scratch(), `${image.name}.img`)
  image.writeTo(path)
  return path
}

function expectedArena({ at, size, info }: KernelArena): ArenaInfo {
  const { versionMajor, versionMinor, checksumOk: _, ...rest } = info
  return { offset: at, size, ...rest, major: versionMajor, minor: versionMinor }
}

function expectedInfo({ manifest }: KernelImage, path: string): BttInfo {
  const { btt: found, logical, arenas = [] } = manifest
  const { externalLbasize = 0, version = '', infoBlockFileOffset = 0 } = found ?? {}
  const isInterrupted = arenas.some((arena) => arena.pendingRecovery.length > 0)
  return {
    image: path,
    namespaceOffset: infoBlockFileOffset,
    format: { version, dialect: 'kernel', logLayout: arenas[0]?.logSlots[1] === 2 ? '0,2' : '0,1' },
    sectorSize: logical?.sectorSize ?? 0,
    metadataSize: externalLbasize - (logical?.sectorSize ?? 0),
    sectorCount: logical?.sectors ?? 0,
    state: isInterrupted ? 'needs-recovery' : 'clean',
    problems: [],
    arenas: arenas.map(expectedArena),
  }
}

const sound = kernelImages().filter((image) => image.kind !== 'corrupt')

describe.each(sound)('$name', (image) => {
  test('info --json says what the manifest says', async () => {
    const path = unpack(image)
    expect(await bttJson('info', path)).toMatchObject(expectedInfo(image, path))
  })

  test('export gives the content that Linux reads, and leaves the image alone', async () => {
    const path = unpack(image)
    const before = fingerprint(path)
    await bttOk('export', path, `${path}.raw`)
    const raw = readFileSync(`${path}.raw`)
    expect(raw.length).toBe(image.manifest.logical?.bytes)
    expect(sha256(raw)).toBe(image.manifest.logical?.sha256)
    expect(fingerprint(path)).toBe(before)
  })
})

// Damaged, or left by an old kernel, in ways that keep the content readable.
test.each(['bad-info1-zero', 'bad-flog-same-seq', 'bad-map-pending', 'bad-pad-old-02'])(
  '%s is exported all the same',
  async (name) => {
    const image = kernelImage(name)
    const path = unpack(image)
    const before = fingerprint(path)
    await bttOk('export', path, `${path}.raw`)
    expect(sha256(readFileSync(`${path}.raw`))).toBe(image.manifest.logical?.sha256)
    expect(fingerprint(path)).toBe(before)
  },
)

test('the old flog layout is named', async () => {
  const info = await bttJson<BttInfo>('info', unpack(kernelImage('bad-pad-old-02')))
  expect(info.format.logLayout).toBe('0,2')
})

test('an interrupted write needs recovery, and shows as pending in the flog', async () => {
  const path = unpack(kernelImage('bad-map-pending'))
  expect((await bttJson<BttInfo>('info', path)).state).toBe('needs-recovery')
  const flog = (await bttOk('flog', path, '--lane', '0')).toString()
  expect(flog).toMatch(/newer, pending\n/)
})

test('a sector whose map entry is out of range fails alone', async () => {
  const path = unpack(kernelImage('bad-map-oob'))
  const { exitCode, stderr } = await bttHere('read', path, '--lba', '256', '-o', `${path}.sector`)
  expect(stderr).toMatch(/^btt: .*LBA 256\b.*: .*\(EIO\)\n$/)
  expect(exitCode).toBe(1)
  await bttOk('read', path, '--lba', '255', '-o', `${path}.sector`)
  await bttOk('read', path, '--lba', '257', '-o', `${path}.sector`)
})

test('the primary info block is gone: the real program reads by the backup, says so, and does not write', async () => {
  const path = unpack(kernelImage('bad-info1-zero'))
  const before = fingerprint(path)
  const info = await btt(['info', path])
  expect(info.exitCode).toBe(0)
  expect(info.stdout.toString()).toMatch(
    /state +error\n[^]*problem: arena 0: the primary info block cannot be used/,
  )
  const read = await btt(['read', path, '--lba', '0'])
  expect(read.exitCode).toBe(0)
  expect(read.stdout.length).toBe(4096)
  const written = await btt(['write', path, '--lba', '0'], new Uint8Array(4096))
  expect(written).toMatchObject({ exitCode: 1, stdout: Buffer.alloc(0) })
  expect(written.stderr).toMatch(/^btt: .*bad-info1-zero\.img, arena 0: .*primary info block.*\(EROFS\)\n$/)
  expect(fingerprint(path)).toBe(before)
})

test('the real program exports to a pipe what it exports to a file', async () => {
  const image = kernelImage('v20-4096')
  const { exitCode, stdout, stderr } = await btt(['export', unpack(image), '-'])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(sha256(stdout)).toBe(image.manifest.logical?.sha256)
})
