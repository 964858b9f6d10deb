/** Pools that libpmemblk wrote. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { poolImage, poolImages, type PoolArena, type PoolImage } from '@bttkit/fixtures'
import type { BttInfo } from '@bttkit/interfaces'
import { btt, bttHere, bttJson, bttOk, fingerprint, scratch, sha256 } from './program.test-support.ts'

function unpack(image: PoolImage): string {
  const path = join(scratch(), `${image.name}.pool`)
  image.writeTo(path)
  return path
}

const dashed = (uuid: string): string => uuid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

function expectedArena(arena: PoolArena): object {
  return {
    offset: arena.offset,
    size: arena.infooff + arena.infosize,
    uuid: dashed(arena.uuid),
    parentUuid: dashed(arena.parent_uuid),
    flags: arena.flags,
    major: arena.major,
    minor: arena.minor,
    externalLbasize: arena.external_lbasize,
    externalNlba: arena.external_nlba,
    internalLbasize: arena.internal_lbasize,
    internalNlba: arena.internal_nlba,
    nfree: arena.nfree,
    infosize: arena.infosize,
    nextoff: arena.nextoff,
    dataoff: arena.dataoff,
    mapoff: arena.mapoff,
    logoff: arena.flogoff,
    info2off: arena.infooff,
    checksum: arena.checksum,
  }
}

const FILLED = ['--on-error', 'fill=0xEE', '--include-metadata'] as const

describe.each(poolImages())('$name', (image) => {
  const { manifest } = image

  test('info --json says what the manifest says', async () => {
    const info = await bttJson<BttInfo>('info', unpack(image))
    expect(info).toMatchObject({ sectorCount: manifest.nlba, namespaceOffset: manifest.btt.offset })
    expect(info.sectorSize + info.metadataSize).toBe(manifest.bsize)
    expect(info.format.dialect).toBe('pmdk')
    expect(info.state).toBe(manifest.recovery === undefined ? 'clean' : 'needs-recovery')
    expect(info.arenas).toEqual((manifest.arenas ?? []).map(expectedArena))
  })

  test('export gives the blocks that libpmemblk reads, and leaves the pool alone', async () => {
    const path = unpack(image)
    const before = fingerprint(path)
    const { exitCode, stderr } = await bttHere('export', path, `${path}.raw`, ...FILLED)
    const errors = manifest.error_lbas?.length ?? 0
    expect(stderr).toBe(
      errors === 0 ? '' : `btt: ${errors} of ${manifest.nlba} sectors could not be read and were filled\n`,
    )
    expect(exitCode).toBe(0)
    expect(sha256(readFileSync(`${path}.raw`))).toBe(manifest.logical_sha256)
    expect(fingerprint(path)).toBe(before)
  })
})

test('each block that is marked as an error fails to read, with EIO and its LBA', async () => {
  const image = poolImage('crash-4096')
  const path = unpack(image)
  const lbas = image.manifest.error_lbas ?? []
  expect(lbas.length).toBeGreaterThan(20)
  for (const lba of lbas) {
    const { exitCode, stderr, stdout } = await bttHere('read', path, '--lba', String(lba))
    expect(stderr).toMatch(new RegExp(`^btt: .*crash-4096\\.pool, arena 0, LBA ${lba}\\b.*: .*\\(EIO\\)\n$`))
    expect({ exitCode, bytes: stdout.length }).toEqual({ exitCode: 1, bytes: 0 })
  }
})

test('its map entries say so, too', async () => {
  const image = poolImage('blk-4096')
  const map = await bttJson<{ lba: number; state: string }[]>('map', unpack(image))
  expect(map.filter(({ state }) => state === 'error').map(({ lba }) => lba)).toEqual(
    image.manifest.error_lbas,
  )
})

test('without --on-error the real program stops at the first one, names it and leaves no half file', async () => {
  const image = poolImage('blk-4096')
  const path = unpack(image)
  const { exitCode, stderr } = await btt(['export', path, `${path}.raw`])
  expect(stderr).toMatch(
    new RegExp(`^btt: LBA ${image.manifest.error_lbas?.[0]} cannot be read: .*blk-4096\\.pool.*\\(EIO\\)\n$`),
  )
  expect(exitCode).toBe(1)
  expect(statSync(`${path}.raw`, { throwIfNoEntry: false })).toBeUndefined()
})

test('--on-error zero leaves zeros, with --quiet without a word, and --json counts', async () => {
  const image = poolImage('blk-4096')
  const path = unpack(image)
  const { stdout, stderr } = await bttHere(
    'export',
    path,
    `${path}.raw`,
    '--on-error',
    'zero',
    '--quiet',
    '--json',
  )
  expect(stderr).toBe('')
  expect(JSON.parse(stdout.toString())).toEqual({
    image: path,
    output: `${path}.raw`,
    sectorCount: 7919,
    sectorBytes: 4096,
    unreadable: 60,
  })
  const raw = readFileSync(`${path}.raw`)
  const [lba = 0] = image.manifest.error_lbas ?? []
  expect(raw.subarray(lba * 4096, (lba + 1) * 4096).equals(Buffer.alloc(4096))).toBe(true)
})

test('a pool that was never written reads as zeros, and info says so', async () => {
  const path = unpack(poolImage('no-layout-512'))
  const before = fingerprint(path)
  expect((await bttOk('info', path)).toString()).toMatch(/problem: the pool was never written/)
  expect((await bttOk('read', path, '--lba', '17', '--count', '3')).equals(Buffer.alloc(3 * 512))).toBe(true)
  expect((await bttOk('map', path, '--json')).toString()).toBe('[]\n')
  const { exitCode, stderr } = await bttHere('zero', path, '--lba', '0')
  expect(stderr).toMatch(/^btt: .*never written.*\n$/)
  expect(exitCode).toBe(1)
  expect(fingerprint(path)).toBe(before)
})
