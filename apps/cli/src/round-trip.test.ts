/** Every sector size, from creation to import. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { KERNEL_LBASIZES, sectorShape } from '@bttkit/btt-format'
import type { BttInfo } from '@bttkit/interfaces'
import { btt, bttJson, bttOk, scratch } from './program.test-support.ts'

/** Bytes that differ from sector to sector and are never all zero. */
function pattern(count: number, sectorBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(count * sectorBytes)
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + Math.floor(i / sectorBytes) * 7 + seed) % 251
  return bytes
}

const VERSIONS = ['1.1', '2.0'] as const
const cases = KERNEL_LBASIZES.flatMap((size) => VERSIONS.map((version) => ({ size, version })))

describe.each(cases)('sectors of $size bytes, version $version', ({ size, version }) => {
  const { sectorSize, metadataSize } = sectorShape(size)

  test('what is written is read, zeroed, exported and imported', async () => {
    const directory = scratch()
    const [image, copy, raw] = [join(directory, 'a.img'), join(directory, 'b.img'), join(directory, 'raw')]
    const make = ['--size', '17MiB', '--sector-size', String(size), '--btt-version', version]
    const info = await bttJson<BttInfo>('create', image, ...make)
    expect(info).toMatchObject({ sectorSize, metadataSize, state: 'clean', format: { version } })
    expect(await bttJson('info', image)).toMatchObject(info)

    const bytes = pattern(40, sectorSize, size)
    writeFileSync(raw, bytes)
    await bttOk('write', image, '--lba', '0x10', '-i', raw)
    const last = pattern(1, sectorSize, 9)
    writeFileSync(raw, last)
    await bttOk('write', image, '--lba', String(info.sectorCount - 1), '-i', raw)
    await bttOk('zero', image, '--lba', '20', '--count', '5')
    bytes.fill(0, 4 * sectorSize, 9 * sectorSize)
    expect((await bttOk('read', image, '--lba', '16', '--count', '40')).equals(bytes)).toBe(true)

    const expected = Buffer.alloc(info.sectorCount * sectorSize)
    expected.set(bytes, 16 * sectorSize)
    expected.set(last, (info.sectorCount - 1) * sectorSize)
    await bttOk('export', image, raw)
    expect(readFileSync(raw).equals(expected)).toBe(true)

    await bttOk('create', copy, '--quiet', ...make)
    await bttOk('import', raw, copy)
    await bttOk('export', copy, `${raw}2`)
    expect(readFileSync(`${raw}2`).equals(expected)).toBe(true)
    expect((await bttJson<BttInfo>('info', copy)).state).toBe('clean')
  })
})

test.each(KERNEL_LBASIZES)('metadata of sectors of %d bytes goes out and in again', async (size) => {
  const directory = scratch()
  const [image, raw, again] = [join(directory, 'a.img'), join(directory, 'raw'), join(directory, 'again')]
  const { sectorCount } = await bttJson<BttInfo>(
    'create',
    image,
    '--size',
    '17MiB',
    '--sector-size',
    String(size),
  )
  writeFileSync(raw, pattern(30, size, 3))
  await bttOk('import', raw, image, '--include-metadata')
  await bttOk('export', image, again, '--include-metadata')
  const found = readFileSync(again)
  expect(found.length).toBe(sectorCount * size)
  expect(found.subarray(0, 30 * size).equals(readFileSync(raw))).toBe(true)
  const { sectorSize } = sectorShape(size)
  expect((await bttOk('read', image, '--lba', '1')).equals(found.subarray(size, size + sectorSize))).toBe(
    true,
  )
})

test('the same with real processes, pipes and URLs', async () => {
  const directory = scratch()
  const image = join(directory, 'disk.img')
  const bytes = pattern(9, 4096, 1)
  const created = await btt(['create', `file:${image}`, '--size', '32MiB'])
  expect(created.stderr).toBe('')
  expect(created.stdout.toString()).toMatch(
    /^.*disk\.img: BTT 1\.1, \d+ sectors of 4096 bytes in 1 arena\n\d+ bytes \(.* MiB\) are usable; uuid [-0-9a-f]{36}\n$/,
  )
  expect(
    await btt(['write', '--provider', `file:${image}?flush=blocking`, '--lba', '5'], bytes),
  ).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await btt(['read', image, '--lba', '5', '--count', '9'])).stdout.equals(bytes)).toBe(true)
  expect(await btt(['import', '-', image], bytes)).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await btt(['read', image, '--lba', '0', '--count', '9'])).stdout.equals(bytes)).toBe(true)
})
