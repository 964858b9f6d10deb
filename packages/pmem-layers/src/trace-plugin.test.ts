import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { ProviderOpenError } from '@bttkit/interfaces'
import { openLayer, pluginFor } from './layer-host.test-support.ts'

const scratch = mkdtempSync(join(tmpdir(), 'trace-plugin-'))
afterAll(() => rmSync(scratch, { recursive: true }))
const traceFile = join(scratch, 'calls')
const written = (): string => readFileSync(traceFile, 'utf8')

/** How many descriptors of this process are of a file, as Linux says. */
const openDescriptors = (path = traceFile): number =>
  readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(join('/proc/self/fd', name)) === path
    } catch {
      // The one by which the folder was read.
      return false
    }
  }).length

test('JSON lines', async () => {
  const provider = await openLayer('trace', { traceFile }).opening
  provider.flush()
  provider.close()
  const lines = written().trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ method: 'flush' }, { method: 'close' }])
})

test('a record is in the file before its call goes on', async () => {
  const provider = await openLayer('trace', { traceFile }).opening
  provider.flush()
  expect(JSON.parse(written())).toMatchObject({ method: 'flush' })
})

test('the file of an earlier trace is emptied', async () => {
  const first = await openLayer('trace', { traceFile }).opening
  first.close()
  await openLayer('trace', { traceFile }).opening
  expect(written()).toBe('')
})

test('what is no trace is not emptied, as the image itself', async () => {
  const image = join(scratch, 'disk.img')
  writeFileSync(image, 'BTT_ARENA_INFO')
  const { opening, innerOpenings } = openLayer('trace', { traceFile: image })
  await expect(opening).rejects.toMatchObject({ code: 'BTT_PROVIDER_OPEN', errno: 'EEXIST' })
  expect(innerOpenings()).toBe(0)
  expect(readFileSync(image, 'latin1')).toBe('BTT_ARENA_INFO')
})

test('a call after the close is written too', async () => {
  const provider = await openLayer('trace', { traceFile }).opening
  provider.close()
  provider.close()
  expect(written().match(/"method":"close"/g)).toHaveLength(2)
})

test('events', async () => {
  const provider = await openLayer('trace', { traceFile, traceFormat: 'events' }).opening
  provider.flush()
  provider.close()
  const events: { ph: string; name: string }[] = JSON.parse(written())
  expect(events.filter(({ ph }) => ph === 'X').map(({ name }) => name)).toEqual(['flush', 'close'])
})

test('a folder that is not there fails, before anything is opened', async () => {
  const { opening, innerOpenings } = openLayer('trace', { traceFile: join(scratch, 'no', 'folder') })
  await expect(opening).rejects.toThrow(ProviderOpenError)
  await expect(opening).rejects.toMatchObject({ errno: 'ENOENT' })
  expect(innerOpenings()).toBe(0)
})

describe.skipIf(process.platform !== 'linux')('no descriptor of the file is left', () => {
  test('after the close', async () => {
    const provider = await openLayer('trace', { traceFile }).opening
    const before = openDescriptors()
    provider.close()
    expect([before, openDescriptors()]).toEqual([before, before - 1])
  })

  test('where its beginning cannot be written', async () => {
    const full = '/dev/full'
    const before = openDescriptors(full)
    const { opening } = openLayer('trace', { traceFile: full, traceFormat: 'events' })
    await expect(opening).rejects.toMatchObject({ code: 'BTT_PROVIDER_OPEN', errno: 'ENOSPC' })
    expect(openDescriptors(full)).toBe(before)
  })

  test('where what it lies over cannot be opened', async () => {
    const before = openDescriptors()
    const refusal = new ProviderOpenError({}, 'it is not there (ENOENT)', 'ENOENT')
    const location = { scheme: 'trace', path: 'x', values: { traceFile, traceFormat: 'lines' }, url: 'x' }
    const opening = pluginFor('trace').open(
      location,
      { readOnly: false },
      { openInner: () => Promise.reject(refusal) },
    )
    await expect(opening).rejects.toBe(refusal)
    expect(openDescriptors()).toBe(before)
  })
})
