/** `btt check`: what it prints, and what it exits with. */
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { applyPatches, corruptions, kernelImage, poolImage } from '@bttkit/fixtures'
import type { Finding } from '@bttkit/interfaces'
import { btt, bttHere, bttOk, fingerprint, scratch } from './program.test-support.ts'

interface CheckJson {
  readonly image: string
  readonly verdict: string
  readonly namespaceOffset: number | null
  readonly findings: readonly (Finding & { readonly lbas?: readonly number[] })[]
  readonly counts: Readonly<Record<string, unknown>>
}

function unpack(name: string): string {
  const path = join(scratch(), `${name}.img`)
  kernelImage(name).writeTo(path)
  return path
}

async function checked(path: string, ...options: string[]): Promise<{ exitCode: number; json: CheckJson }> {
  const { exitCode, stdout, stderr } = await bttHere('check', path, '--json', ...options)
  expect(stderr).toBe('')
  const json: CheckJson = JSON.parse(stdout.toString())
  return { exitCode, json }
}

test.each([
  ['v11-4096', 'clean', 0],
  ['bad-map-pending', 'recoverable', 0],
  ['bad-map-dup', 'damaged', 4],
  ['bad-info-both-zero', 'unreadable', 8],
])(
  '%s is %s: exit code %d, for programs and for people, and nothing is stored',
  async (name, verdict, exitCode) => {
    const path = unpack(name)
    const before = fingerprint(path)
    expect(await checked(path)).toMatchObject({ exitCode, json: { image: path, verdict } })
    const forPeople = await bttHere('check', path)
    expect(forPeople).toMatchObject({ exitCode, stderr: '' })
    expect(forPeople.stdout.toString().trimEnd().split('\n').at(-1)).toBe(`${path}: ${verdict}`)
    expect(fingerprint(path)).toBe(before)
  },
)

test('a finding has every place, null where it does not apply', async () => {
  const { json } = await checked(unpack('bad-map-dup'))
  expect(json.findings[0]).toEqual({
    code: 'map-duplicate',
    severity: 'damaged',
    arena: 0,
    lane: null,
    lba: 0,
    block: 2808,
    offset: expect.any(Number),
    lbas: [0, 1],
    message: expect.stringContaining('LBA 0, 1'),
    repair: expect.any(String),
  })
  expect(json.counts).toMatchObject({
    info: 0,
    damaged: 2,
    arenas: 1,
    sectors: { initial: 510, normal: 3573 },
  })
})

test('people see the place, the code and the repair', async () => {
  const text = (await bttHere('check', unpack('bad-map-oob'))).stdout.toString()
  expect(text).toContain('damaged: LBA 256 is mapped to block 4342, and the arena has 4339\n')
  expect(text).toMatch(/map-range at arena 0, LBA 256, block 4342, byte \d+\n {2}repair: /)
})

test('what is wrong many times is listed some times, and counted', async () => {
  const path = join(scratch(), 'pool')
  const bytes = poolImage('crash-4096').bytes()
  applyPatches(bytes, corruptions().find(({ name }) => name === 'map-page-ff')?.patches ?? [])
  writeFileSync(path, bytes)
  const text = (await bttHere('check', path)).stdout.toString()
  expect(text.match(/ map-range at /g)).toHaveLength(20)
  expect(text).toContain('and 1004 more of map-range\n')
  const { json } = await checked(path)
  expect(json.counts).toMatchObject({ byCode: { 'map-range': 1024 }, unlisted: { 'map-range': 24 } })
})

test('a BTT in something larger is found by --offset', async () => {
  const path = unpack('v11-4096')
  expect(await checked(path, '--offset', '4096')).toMatchObject({
    exitCode: 0,
    json: { namespaceOffset: 4096 },
  })
  expect(await checked(path, '--offset', '8192')).toMatchObject({
    exitCode: 8,
    json: { verdict: 'unreadable' },
  })
})

test('an image by its provider', async () => {
  expect((await bttOk('check', '--provider', `read-only:file:${unpack('v11-4096')}`)).toString()).toContain(
    ': clean',
  )
})

test.each([
  ['an option that does not exist', ['IMAGE', '--wipe'], 16],
  ['no image', [], 16],
  ['an image too many', ['IMAGE', 'IMAGE'], 16],
  ['an image that is not there', ['IMAGE.gone'], 8],
  ['an offset that is none', ['IMAGE', '--offset', 'x'], 16],
])('%s is refused in one line', async (_what, args, exitCode) => {
  const path = unpack('v11-4096')
  const outcome = await bttHere('check', ...args.map((arg) => arg.replace('IMAGE', path)))
  expect(outcome.exitCode).toBe(exitCode)
  expect(outcome.stderr).toMatch(/^btt: .*\n$/)
  expect(outcome.stdout.toString()).toBe('')
})

test('the program itself exits so', async () => {
  expect((await btt(['check', unpack('bad-map-dup')])).exitCode).toBe(4)
})

test('a file that is no image is unreadable', async () => {
  const path = join(scratch(), 'zeros')
  writeFileSync(path, '')
  truncateSync(path, 20 * 2 ** 20)
  expect(await checked(path)).toMatchObject({
    exitCode: 8,
    json: { verdict: 'unreadable', namespaceOffset: null, findings: [{ code: 'no-btt' }] },
  })
})
