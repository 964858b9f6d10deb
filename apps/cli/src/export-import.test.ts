import { execFileSync } from 'node:child_process'
import { linkSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { BttInfo } from '@bttkit/interfaces'
import { btt, bttHere, bttJson, bttOk, fingerprint, scratch } from './program.test-support.ts'

const SECTOR_BYTES = 4096

let directory: string
let image: string
let raw: string
let sectorCount: number

beforeEach(async () => {
  directory = scratch()
  image = join(directory, 'disk.img')
  raw = join(directory, 'disk.raw')
  ;({ sectorCount } = await bttJson<{ sectorCount: number }>('create', image, '--size', '17MiB'))
})

/** The line of a command that fails with 1 and prints nothing else. */
async function failure(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await bttHere(...args)
  expect({ exitCode, bytes: stdout.length }).toEqual({ exitCode: 1, bytes: 0 })
  return stderr
}

describe('export', () => {
  test('leaves holes for zeros', async () => {
    writeFileSync(raw, Buffer.alloc(2 * SECTOR_BYTES, 1))
    await bttOk('write', image, '--lba', '1000', '-i', raw)
    await bttOk('export', image, `${raw}2`)
    const { size, blocks } = statSync(`${raw}2`)
    expect(size).toBe(sectorCount * SECTOR_BYTES)
    expect(blocks * 512).toBeLessThanOrEqual(4 * SECTOR_BYTES)
  })

  test('overwrites a file, whatever its size was', async () => {
    writeFileSync(raw, Buffer.alloc(20 * 2 ** 20, 0xff))
    await bttOk('export', image, raw)
    expect(readFileSync(raw).equals(Buffer.alloc(sectorCount * SECTOR_BYTES))).toBe(true)
  })

  test('writes into a pipe that has a name', async () => {
    execFileSync('mkfifo', [raw])
    const reader = readFile(raw)
    await bttOk('export', image, raw)
    expect((await reader).length).toBe(sectorCount * SECTOR_BYTES)
  })

  test('goes on where the medium has lost a part of the map', async () => {
    const { arenas } = await bttJson<BttInfo>('info', image)
    const { offset, mapoff } = arenas[0] ?? expect.fail('it has no arena')
    const content = Buffer.alloc(200 * SECTOR_BYTES, 1)
    writeFileSync(raw, content)
    await bttOk('write', image, '--lba', '0', '-i', raw)
    const url = `fault:${image}?mediaErrors=${offset + mapoff}+512`
    expect(await failure('export', url, raw)).toMatch(/^btt: .*the medium is bad there \(EIO\)\n$/)
    const { exitCode, stderr } = await bttHere('export', url, raw, '--on-error', 'fill=0xEE')
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^btt: 128 of \d+ sectors could not be read/)
    // A unit of 512 bytes has 128 entries.
    content.fill(0xee, 0, 128 * SECTOR_BYTES)
    expect(readFileSync(raw).subarray(0, content.length).equals(content)).toBe(true)
  })

  test('refuses the image itself, under any name', async () => {
    linkSync(image, `${image}.link`)
    symlinkSync(image, `${image}.symlink`)
    const before = fingerprint(image)
    for (const name of [image, `${image}.link`, `${image}.symlink`]) {
      expect(await failure('export', image, name)).toMatch(/^btt: .*: is the image itself\n$/)
      expect(await failure('export', `file:${image}`, name)).toMatch(/is the image itself/)
      expect(await failure('import', name, image)).toMatch(/is the image itself/)
      expect(await failure('read', image, '--lba', '0', '-o', name)).toMatch(/is the image itself/)
      expect(await failure('write', image, '--lba', '0', '-i', name)).toMatch(/is the image itself/)
    }
    expect(fingerprint(image)).toBe(before)
  })

  test('leaves a file that it would overwrite when there is nothing to export', async () => {
    writeFileSync(raw, 'precious')
    expect(await failure('export', join(directory, 'nowhere'), raw)).toMatch(/\(ENOENT\)/)
    expect(await failure('read', image, '--lba', String(sectorCount), '-o', raw)).toMatch(
      /is not on the device/,
    )
    expect(readFileSync(raw, 'utf8')).toBe('precious')
  })

  test('names the output that cannot be made', async () => {
    expect(await failure('export', image, directory)).toMatch(
      /^btt: .*: illegal operation on a directory \(EISDIR\)\n$/,
    )
    expect(await failure('export', image, join(directory, 'none', 'raw'))).toMatch(
      /^btt: .*raw: no such file or directory \(ENOENT\)\n$/,
    )
  })

  test.each(['skip', 'fill', 'fill=', 'fill=256', 'fill=-1'])(
    'does not know --on-error %s',
    async (action) => {
      const { exitCode, stderr } = await bttHere('export', image, raw, '--on-error', action)
      expect(stderr).toMatch(/^btt: option '--on-error <action>' argument '.*' is invalid.*\n$/)
      expect(exitCode).toBe(2)
    },
  )
})

describe('import', () => {
  test('zeroes what the zeros of the file fall on, and leaves what is beyond its end', async () => {
    writeFileSync(raw, Buffer.alloc(12 * SECTOR_BYTES, 7))
    await bttOk('import', raw, image)
    const content = Buffer.alloc(10 * SECTOR_BYTES)
    content.fill(9, 3 * SECTOR_BYTES, 4 * SECTOR_BYTES)
    writeFileSync(raw, content)
    const result = await bttJson('import', raw, image)
    expect(result).toEqual({ image, input: raw, sectorCount: 10, sectorBytes: SECTOR_BYTES })
    const found = await bttOk('read', image, '--lba', '0', '--count', '12')
    expect(found.equals(Buffer.concat([content, Buffer.alloc(2 * SECTOR_BYTES, 7)]))).toBe(true)
  })

  test('writes no zeros: the map says zero instead, so that no other reader shows old data', async () => {
    writeFileSync(raw, '')
    truncateSync(raw, sectorCount * SECTOR_BYTES)
    const blocks = statSync(image).blocks
    await bttOk('import', raw, image)
    expect(statSync(image).blocks - blocks).toBeLessThan(100)
    const map = await bttJson<{ state: string }[]>('map', image)
    expect(map.filter(({ state }) => state !== 'zero')).toEqual([])
  })

  test.each([
    ['is empty', 0, /disk\.raw: is empty\n$/],
    [
      'is not made of whole sectors',
      SECTOR_BYTES + 512,
      /disk\.raw: 4608 bytes are not a whole number of sectors of 4096\n$/,
    ],
    ['is too large', 18 * 2 ** 20, /disk\.raw: has 18874368 bytes, and .*disk\.img has room for \d+\n$/],
  ])('refuses a file that %s, before it writes', async (_, size, says) => {
    writeFileSync(raw, Buffer.alloc(size, 1))
    const before = fingerprint(image)
    expect(await failure('import', raw, image)).toMatch(says)
    expect(await failure('import', directory, image)).toMatch(/is a directory \(EISDIR\)/)
    expect(await failure('import', `${raw}.none`, image)).toMatch(
      /\.none: no such file or directory \(ENOENT\)/,
    )
    expect(fingerprint(image)).toBe(before)
  })

  test('says of a pipe that does not fit what was written', async () => {
    const { exitCode, stderr } = await btt(['import', '-', image], new Uint8Array(18 * 2 ** 20).fill(1))
    expect(stderr).toMatch(
      /^btt: standard input: goes on beyond the \d+ bytes of .*disk\.img, of which the first 15728640 are overwritten\n$/,
    )
    expect(exitCode).toBe(1)
  })
})

test('--json tells what was read, written and zeroed', async () => {
  writeFileSync(raw, Buffer.alloc(2 * SECTOR_BYTES, 1))
  expect(await bttJson('write', image, '--lba', '3', '-i', raw)).toEqual({ image, lba: 3, count: 2 })
  expect(await bttJson('zero', image, '--lba', '4')).toEqual({ image, lba: 4, count: 1 })
  expect(await bttJson('read', image, '--lba', '4', '-o', raw)).toEqual({ image, lba: 4, count: 1 })
  expect(readFileSync(raw).equals(Buffer.alloc(SECTOR_BYTES))).toBe(true)
})
