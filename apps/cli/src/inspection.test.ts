/** `create`, `info`, `map` and `flog`: what they print, and what becomes of files. */
import { existsSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { BttInfo } from '@bttkit/interfaces'
import { bttHere, bttJson, bttOk, scratch } from './program.test-support.ts'

const UUID = '01234567-89ab-4def-8123-456789abcdef'
const PARENT = 'fedcba98-7654-4321-8fed-cba987654321'

async function created(...args: string[]): Promise<string> {
  const image = join(scratch(), 'disk.img')
  await bttOk('create', image, '--quiet', '--size', '17MiB', ...args)
  return image
}

describe('create', () => {
  test('takes UUIDs, spare blocks and a place', async () => {
    const image = join(scratch(), 'disk.img')
    const args = [
      '--size',
      '20MiB',
      '--uuid',
      UUID,
      '--parent-uuid',
      PARENT,
      '--nfree',
      '16',
      '--offset',
      '1MiB',
    ]
    const info = await bttJson<BttInfo>('create', image, ...args)
    expect(info).toMatchObject({
      namespaceOffset: 2 ** 20,
      arenas: [{ uuid: UUID, parentUuid: PARENT, nfree: 16, offset: 2 ** 20 }],
    })
    expect(await bttJson('info', image, '--offset', '1MiB')).toMatchObject(info)
  })

  test('keeps a file that exists, with its size', async () => {
    const image = join(scratch(), 'disk.img')
    writeFileSync(image, '')
    truncateSync(image, 18 * 2 ** 20)
    expect(await bttJson('create', image)).toMatchObject({
      state: 'clean',
      arenas: [{ size: 18 * 2 ** 20 - 4096 }],
    })
  })

  test('does not remove a file that it did not make', async () => {
    const image = join(scratch(), 'disk.img')
    writeFileSync(image, 'short')
    expect((await bttHere('create', image)).exitCode).toBe(1)
    expect(existsSync(image)).toBe(true)
  })

  test('overwrites with --force', async () => {
    const image = await created('--uuid', PARENT)
    expect(await bttJson('create', image, '--force', '--uuid', UUID)).toMatchObject({
      arenas: [{ uuid: UUID }],
    })
  })

  test('makes one in memory, for what that is worth', async () => {
    expect(await bttJson('create', 'mem:?size=64MiB')).toMatchObject({
      image: 'mem:?size=64MiB',
      state: 'clean',
    })
  })

  test('says nothing with --quiet', async () => {
    expect(
      (await bttOk('create', join(scratch(), 'disk.img'), '--size', '17MiB', '--quiet')).toString(),
    ).toBe('')
  })
})

test('info shows every field of every arena', async () => {
  const image = await created('--sector-size', '4160', '--uuid', UUID)
  const text = (await bttOk('info', image)).toString()
  const info = await bttJson<BttInfo>('info', image)
  const [arena] = info.arenas
  expect(text.split('\n')[0]).toBe(image)
  expect(text).toMatch(/state +clean\n/)
  expect(text).toMatch(/sectors +\d+ of 4096 bytes, 64 bytes of metadata each\n/)
  for (const offset of [arena?.dataoff, arena?.mapoff, arena?.logoff, arena?.info2off]) {
    expect(text).toContain(` 0x${(offset ?? 0).toString(16)} `)
  }
  for (const value of [arena?.size, arena?.externalNlba, arena?.internalNlba, arena?.checksum, UUID]) {
    expect(text).toContain(` ${value}`)
  }
})

describe('map', () => {
  test('shows each state', async () => {
    const image = await created()
    writeFileSync(`${image}.in`, Buffer.alloc(4096, 1))
    await bttOk('write', image, '--lba', '1', '-i', `${image}.in`)
    await bttOk('zero', image, '--lba', '2')
    const map = (await bttOk('map', image, '--count', '3')).toString()
    expect(map).toBe(
      ' LBA  entry       state    block  arena\n' +
        '   0  0x00000000  initial      0  0\n' +
        '   1  0xc0000ff3  normal    4083  0\n' +
        '   2  0x80000002  zero         2  0\n',
    )
    expect(await bttJson('map', image, '--lba', '1', '--count', '1')).toEqual([
      { lba: 1, arena: 0, raw: 0xc0000ff3, state: 'normal', block: 4083 },
    ])
  })

  test.each([
    ['by writing zeros where Linux needs them', [], ['initial', 'normal']],
    ['by map entries where it is told to', ['--zeroing', 'flags'], ['zero', 'zero']],
  ])('shows what zeroing makes of sectors of 512 bytes: %s', async (_, options, states) => {
    const image = await created('--sector-size', '512')
    writeFileSync(`${image}.in`, Buffer.alloc(512, 1))
    await bttOk('write', image, '--lba', '1', '-i', `${image}.in`)
    await bttOk('zero', image, '--lba', '0', '--count', '2', ...options)
    const map = await bttJson<{ state: string }[]>('map', image, '--count', '2')
    expect(map.map(({ state }) => state)).toEqual(states)
    expect((await bttOk('read', image, '--lba', '0', '--count', '2')).equals(Buffer.alloc(1024))).toBe(true)
  })

  test('goes to the end by default, in pieces', async () => {
    const image = await created('--sector-size', '512')
    const { sectorCount } = await bttJson<BttInfo>('info', image)
    expect(sectorCount).toBeGreaterThan(2 * 2 ** 14)
    const map = await bttJson<{ lba: number }[]>('map', image, '--lba', '5')
    expect(map.map(({ lba }) => lba)).toEqual(Array.from({ length: sectorCount - 5 }, (_, i) => i + 5))
    expect(await bttJson('map', image, '--count', '0')).toEqual([])
  })
})

describe('flog', () => {
  test('shows the slots in use, and which is newer', async () => {
    const image = await created()
    const flog = (await bttOk('flog', image, '--lane', '1')).toString()
    expect(flog).toBe(
      'arena  lane  slot  LBA         old         new         seq\n' +
        '    0     1     0  0x00000001  0x00000ff4  0x00000ff4  0x00000001  newer\n' +
        '    0     1     1  0x00000000  0x00000000  0x00000000  0x00000000\n',
    )
  })

  test('has a group for each lane', async () => {
    const flog = await bttJson<{ lane: number; slots: unknown[] }[]>('flog', await created('--nfree', '20'))
    expect(flog.map(({ lane }) => lane)).toEqual(Array.from({ length: 20 }, (_, i) => i))
    const empty = { lba: 0, oldMap: 0, newMap: 0, seq: 0 }
    expect(flog[3]).toEqual({
      arena: 0,
      lane: 3,
      slots: [
        { lba: 3, oldMap: expect.any(Number), newMap: expect.any(Number), seq: 1 },
        empty,
        empty,
        empty,
      ],
      newer: 0,
      pending: false,
    })
  })
})
