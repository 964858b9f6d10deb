/** Images of NVDIMMs with several namespaces: what is shown of all, and what is done in one. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { LABEL_ABSTRACTIONS, labelArea, type LabelFields } from '@bttkit/fixtures'
import type { BttInfo } from '@bttkit/interfaces'
import { bttHere, bttJson, bttOk, scratch } from './program.test-support.ts'

const MIB = 2 ** 20
const ONE = '11111111-1111-4111-8111-111111111111'
const TWO = '22222222-2222-4222-8222-222222222222'
const RAW = '33333333-3333-4333-8333-333333333333'
/** Where labels begin. */
const END = 36 * MIB

const one: LabelFields = {
  uuid: ONE,
  name: 'one',
  dpa: 0,
  rawSize: 17 * MIB,
  abstraction: LABEL_ABSTRACTIONS.btt,
}
const raw: LabelFields = { uuid: RAW, name: 'raw', dpa: 17 * MIB, rawSize: MIB }
const two: LabelFields = {
  uuid: TWO,
  name: 'two',
  dpa: 18 * MIB,
  rawSize: 17 * MIB,
  abstraction: LABEL_ABSTRACTIONS.btt2,
}

let image = ''

/** Makes the file, with nothing in its namespaces. */
function label(...labels: readonly LabelFields[]): void {
  image = join(scratch(), 'nvdimm.img')
  const fd = openSync(image, 'w')
  ftruncateSync(fd, END)
  writeSync(fd, labelArea('1.2', labels), 0, undefined, END)
  closeSync(fd)
}

function store(offset: number, ...bytes: readonly number[]): void {
  const fd = openSync(image, 'r+')
  writeSync(fd, Uint8Array.from(bytes), 0, undefined, offset)
  closeSync(fd)
}

/** All but the namespace `two`. */
function aroundTwo(): Buffer {
  const bytes = readFileSync(image)
  return Buffer.concat([bytes.subarray(0, 18 * MIB), bytes.subarray(35 * MIB)])
}

interface Listed {
  readonly name: string
  readonly offset: number | null
  readonly content: string | null
  readonly problems: readonly string[]
  readonly btt: BttInfo | null
  readonly check: { readonly verdict: string; readonly findings: readonly { code: string }[] } | null
}

interface Listing {
  readonly verdict: string
  readonly findings: readonly { code: string }[]
  readonly namespaces: readonly Listed[]
}

describe('with two BTTs and something else', () => {
  beforeEach(async () => {
    label(one, raw, two)
    await bttOk('create', image, '--namespace', 'one', '--sector-size', '512', '--quiet')
    await bttOk('create', image, '--namespace', 'two', '--quiet')
  })

  test('a BTT is laid out as its namespace is labelled', async () => {
    const { namespaces } = await bttJson<Listing>('info', image)
    expect(namespaces).toMatchObject([
      { name: 'one', uuid: ONE, offset: 0, size: 17 * MIB, content: 'btt 1.1', label: 'btt 1.1' },
      { name: 'raw', uuid: RAW, offset: 17 * MIB, size: MIB, content: 'raw', label: 'none', btt: null },
      { name: 'two', uuid: TWO, offset: 18 * MIB, size: 17 * MIB, content: 'btt 2.0', label: 'btt 2.0' },
    ])
    expect(namespaces[0]?.btt).toMatchObject({
      namespaceOffset: 4096,
      sectorSize: 512,
      arenas: [{ parentUuid: ONE }],
    })
    expect(namespaces[2]?.btt).toMatchObject({
      namespaceOffset: 0,
      sectorSize: 4096,
      arenas: [{ parentUuid: TWO }],
    })
  })

  test('one of them is shown as any image is, with what its label says', async () => {
    const info = await bttJson('info', image, '--namespace', TWO)
    expect(info).toMatchObject({
      image,
      namespaceOffset: 0,
      sectorSize: 4096,
      namespace: { number: 2, name: 'two', offset: 18 * MIB },
    })
    expect((await bttOk('info', image, '--namespace', 'raw')).toString()).toContain("'raw'")
  })

  test('for people there is a line for each', async () => {
    const text = (await bttOk('info', image)).toString()
    expect(text).toContain(`namespace 0 'one', ${ONE}: byte 0, 17.0 MiB, btt 1.1\n`)
    expect(text).toContain(`namespace 1 'raw', ${RAW}: byte ${17 * MIB}, 1.0 MiB, raw\n`)
  })

  test('all are checked, each by its own label', async () => {
    expect(await bttJson<Listing>('check', image)).toMatchObject({
      verdict: 'clean',
      findings: [],
      namespaces: [{ check: { verdict: 'clean' } }, { check: null }, { check: { verdict: 'clean' } }],
    })
    expect((await bttOk('check', image)).toString()).toMatch(/all of .*: clean\n$/)
  })

  test('the verdict is the worst of all', async () => {
    store(18 * MIB + 100, 1)
    const { exitCode, stdout } = await bttHere('check', image, '--json')
    expect(exitCode).toBe(4)
    const { verdict, namespaces }: Listing = JSON.parse(stdout.toString())
    expect(verdict).toBe('damaged')
    expect(namespaces.map(({ check }) => check?.verdict)).toEqual(['clean', undefined, 'damaged'])
  })

  test('a parent UUID that another label has is wrong', async () => {
    await bttOk('create', image, '--namespace', 'two', '--force', '--parent-uuid', ONE, '--quiet')
    const { exitCode, stdout } = await bttHere('check', image, '--namespace', 'two', '--json')
    const { findings }: Listing = JSON.parse(stdout.toString())
    expect([exitCode, findings.map(({ code }) => code)]).toEqual([4, ['parent-uuid']])
    expect((await bttHere('check', image, '--namespace', 'two', '--repair', '--quiet')).exitCode).toBe(1)
    expect(await bttJson('info', image, '--namespace', 'two')).toMatchObject({
      arenas: [{ parentUuid: TWO }],
    })
  })

  test('a repair is of one namespace, and taken back in it', async () => {
    store(18 * MIB + 100, 1)
    const damaged = readFileSync(image)
    const undo = `${image}.undo`
    const args = ['check', image, '--namespace', 'two']
    expect((await bttHere(...args, '--repair', '--undo', undo)).exitCode).toBe(1)
    expect((await bttHere(...args)).exitCode).toBe(0)
    const repaired = readFileSync(image)
    expect(repaired.equals(damaged)).toBe(false)
    repaired[18 * MIB + 100] = 1
    expect(repaired.equals(damaged)).toBe(true)
    await bttOk(...args, '--undo-restore', undo)
    expect(readFileSync(image).equals(damaged)).toBe(true)
  })

  test('sectors are written, read, zeroed, exported and imported in one namespace', async () => {
    const around = aroundTwo()
    const [file, back, all] = [`${image}.in`, `${image}.out`, `${image}.all`]
    const sectors = Buffer.alloc(2 * 4096, 'two ')
    writeFileSync(file, sectors)
    const named = ['--namespace', 'two', '--quiet']
    await bttOk('write', image, '--lba', '5', '-i', file, ...named)
    await bttOk('read', image, '--lba', '5', '--count', '2', '-o', back, ...named)
    expect(readFileSync(back).equals(sectors)).toBe(true)
    await bttOk('zero', image, '--lba', '6', ...named)
    await bttOk('export', image, all, ...named)
    const exported = readFileSync(all).subarray(5 * 4096, 7 * 4096)
    expect(exported.equals(Buffer.concat([sectors.subarray(4096), Buffer.alloc(4096)]))).toBe(true)
    await bttOk('import', file, image, ...named)
    expect((await bttJson<unknown[]>('map', image, '--count', '2', ...named)).length).toBe(2)
    expect((await bttJson<unknown[]>('flog', image, '--lane', '0', ...named)).length).toBe(1)
    expect(aroundTwo().equals(around)).toBe(true)
  })

  test('a stress run is in one namespace', async () => {
    const around = aroundTwo()
    const limits = ['--operations', '200', '--seconds', '5', '--namespace', 'two', '--quiet']
    await bttOk('stress', image, ...limits)
    expect(aroundTwo().equals(around)).toBe(true)
  })

  test('what needs one of them says which there are, and changes nothing', async () => {
    const before = readFileSync(image)
    const calls = [
      ['read', '--lba', '0'],
      ['write', '--lba', '0'],
      ['zero', '--lba', '0'],
      ['map'],
      ['flog'],
      ['create', '--force'],
      ['stress', '--seconds', '1'],
    ]
    for (const [command = '', ...rest] of calls) {
      const { exitCode, stderr } = await bttHere(command, image, ...rest)
      expect([command, exitCode]).toEqual([command, 1])
      expect(stderr).toMatch(/there are 3 namespaces; .*0 'one' .*1 'raw' .*2 'two'/)
    }
    expect(readFileSync(image).equals(before)).toBe(true)
  })

  test('a repair without a name is refused', async () => {
    const { exitCode, stderr } = await bttHere('check', image, '--repair')
    expect([exitCode, stderr]).toEqual([8, expect.stringContaining('there are 3 namespaces')])
  })

  test('an offset leaves labels aside', async () => {
    const info = await bttJson('info', image, '--offset', String(18 * MIB))
    expect(info).toMatchObject({ namespaceOffset: 18 * MIB, sectorSize: 4096 })
    expect(info).not.toHaveProperty('namespace')
  })
})

test('a namespace that is spread over several NVDIMMs is told, and its BTT is not looked for', async () => {
  label({ ...one, labelCount: 2 })
  expect(await bttJson<Listing>('info', image)).toMatchObject({
    namespaces: [
      { name: 'one', content: null, problems: [expect.stringContaining('spread over 2 NVDIMMs')] },
    ],
  })
  const { exitCode, stdout } = await bttHere('check', image, '--json')
  expect(exitCode).toBe(8)
  expect(JSON.parse(stdout.toString())).toMatchObject({
    verdict: 'unreadable',
    findings: [{ code: 'label-set', offset: END + 512 }],
  })
  const { stderr } = await bttHere('read', image, '--lba', '0')
  expect(stderr).toContain('spread over 2 NVDIMMs')
})

test('a namespace that was given to something else is no BTT', async () => {
  label(raw)
  store(17 * MIB + 4096, ...new TextEncoder().encode('NVDIMM_DAX_INFO\0'))
  expect(await bttJson<Listing>('info', image)).toMatchObject({ namespaces: [{ content: 'dax', btt: null }] })
})

test('the only namespace needs no name, and has the shape of any image', async () => {
  label(two)
  await bttOk('create', image, '--quiet')
  expect(await bttJson('info', image)).toMatchObject({ namespaceOffset: 0, namespace: { name: 'two' } })
  const checked = await bttJson('check', image)
  expect(checked).toMatchObject({ verdict: 'clean', findings: [] })
  expect(checked).not.toHaveProperty('namespaces')
})

test('what is wrong with labels is found together with the rest', async () => {
  label({ ...two, flags: 8, abstraction: LABEL_ABSTRACTIONS.btt })
  await bttOk('create', image, '--btt-version', '2.0', '--quiet')
  const { exitCode, stdout } = await bttHere('check', image, '--json')
  expect(exitCode).toBe(4)
  const { findings }: Listing = JSON.parse(stdout.toString())
  expect(findings.map(({ code }) => code)).toEqual(['label-updating', 'label-content'])
})
