/** `btt salvage`: the files that it leaves, what it refuses, and how it ends. */
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { kernelImage, poolImage } from '@bttkit/fixtures'
import type { Certainty } from '@bttkit/salvage'
import { bttHere, bttOk, commandLine, fingerprint, scratch } from './program.test-support.ts'

interface Manifest {
  readonly finished: boolean
  readonly everythingGot?: boolean
  readonly reason?: string
  readonly arenas: readonly {
    readonly layout: { readonly source: string }
    readonly sectors?: readonly { lba: number; count: number; certainty: Certainty; block?: number }[]
    readonly blocks?: readonly { block: number; at: number; why: string; lbas: number[] }[]
    readonly interruptedWrites?: readonly { lba: number; oldAt?: number }[]
  }[]
  readonly counts?: { readonly sectors: Readonly<Record<Certainty, number>> }
}

let directory: string
let image: string
let out: string

beforeEach(() => {
  directory = scratch()
  image = join(directory, 'disk.img')
  out = join(directory, 'rescue')
})

function unpack(name: string): string {
  kernelImage(name).writeTo(image)
  return fingerprint(image)
}

function manifestIn(path: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8'))
  return manifest
}

test('from an image in order it gets what an export does, and exits with 0', async () => {
  const before = unpack('v11-4096')
  const text = await bttOk('salvage', image, '--out', out)
  expect(text.toString()).toContain('everything was got')
  await bttOk('export', image, join(directory, 'raw'))
  // Linux reads the block of its number for a sector that was never written; an export reads zeros.
  expect(readFileSync(join(out, 'sectors.img')).equals(readFileSync(join(directory, 'raw')))).toBe(true)
  expect(manifestIn(out)).toMatchObject({ finished: true, everythingGot: true })
  expect(readdirSync(out).toSorted()).toEqual(['manifest.json', 'sectors.img', 'unreferenced.img'])
  expect(fingerprint(image)).toBe(before)
})

test('from a damaged one it gets the rest, says what is missing, and exits with 1', async () => {
  const before = unpack('bad-map-dup')
  const outcome = await bttHere('salvage', image, '--out', out, '--json')
  expect(outcome).toMatchObject({ exitCode: 1, stderr: '' })
  const [arena] = manifestIn(out).arenas
  expect(arena?.sectors?.[0]).toMatchObject({ lba: 0, count: 2, certainty: 'duplicate' })
  const shared = arena?.blocks?.find(({ why }) => why === 'duplicate')
  expect(shared).toMatchObject({ block: arena?.sectors?.[0]?.block, lbas: [0, 1] })
  const blocks = readFileSync(join(out, 'unreferenced.img'))
  expect(blocks.subarray(shared?.at, (shared?.at ?? 0) + 4096).every((byte) => byte === 0)).toBe(false)
  expect(JSON.parse(outcome.stdout.toString())).toMatchObject({
    image,
    out,
    everythingGot: false,
    counts: manifestIn(out).counts,
  })
  expect(fingerprint(image)).toBe(before)
})

test('interrupted writes are told, with the place of the old content', async () => {
  poolImage('crash-4096').writeTo(image)
  expect((await bttHere('salvage', image, '--out', out)).exitCode).toBe(1)
  const writes = manifestIn(out).arenas[0]?.interruptedWrites ?? []
  expect(writes.length).toBeGreaterThan(0)
  expect(writes.some(({ oldAt }) => oldAt !== undefined)).toBe(true)
})

test('metadata is behind each sector when it is asked for', async () => {
  unpack('v11-520')
  await bttOk('salvage', image, '--out', out, '--include-metadata')
  await bttOk('export', image, join(directory, 'raw'), '--include-metadata')
  expect(readFileSync(join(out, 'sectors.img')).equals(readFileSync(join(directory, 'raw')))).toBe(true)
})

describe('the directory', () => {
  const fillWith = (name: string): void => {
    mkdirSync(out)
    writeFileSync(join(out, name), 'x')
  }

  test.each([
    ['is not empty', () => fillWith('precious'), 'ENOTEMPTY'],
    ['has the image in it', () => fillWith('disk.img'), 'ENOTEMPTY'],
    ['is a file', () => writeFileSync(out, 'x'), 'ENOTDIR'],
    ['is a link that leads nowhere', () => symlinkSync(join(directory, 'gone'), out), 'EEXIST'],
    ['is in one that is not there', () => void (out = join(directory, 'gone', 'rescue')), 'ENOENT'],
  ])('that %s is refused', async (_name, prepare, code) => {
    unpack('bad-map-dup')
    prepare()
    const outcome = await bttHere('salvage', image, '--out', out)
    expect(outcome).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(new RegExp(`^btt: .*${code}.*\n$`)),
    })
    expect(existsSync(join(out, 'sectors.img'))).toBe(false)
  })

  test('that is empty is filled', async () => {
    unpack('v20-4096')
    mkdirSync(out)
    await bttOk('salvage', image, '--out', out)
    expect(manifestIn(out).finished).toBe(true)
  })

  test('with --force files of an earlier salvage are replaced, and others left alone', async () => {
    unpack('v20-4096')
    mkdirSync(out)
    for (const name of ['precious', 'manifest.json', 'sectors.img']) writeFileSync(join(out, name), 'old')
    await bttOk('salvage', image, '--out', out, '--force')
    expect(readFileSync(join(out, 'precious'), 'utf8')).toBe('old')
    expect(manifestIn(out).finished).toBe(true)
  })

  test('with --force nothing is written through a link', async () => {
    unpack('v20-4096')
    mkdirSync(out)
    const precious = join(directory, 'precious')
    writeFileSync(precious, 'precious')
    symlinkSync(precious, join(out, 'unreferenced.img'))
    const outcome = await bttHere('salvage', image, '--out', out, '--force')
    expect(outcome).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is no file') })
    expect(readFileSync(precious, 'utf8')).toBe('precious')
  })

  test('with --force the image is not replaced by what comes of it', async () => {
    unpack('v20-4096')
    mkdirSync(out)
    const inside = join(out, 'sectors.img')
    renameSync(image, inside)
    const before = fingerprint(inside)
    const outcome = await bttHere('salvage', inside, '--out', out, '--force')
    expect(outcome).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is the image itself') })
    expect(fingerprint(inside)).toBe(before)
  })

  test('is not made where nothing tells the layout', async () => {
    writeFileSync(image, Buffer.alloc(17 * 2 ** 20))
    const outcome = await bttHere('salvage', image, '--out', out)
    expect(outcome).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^btt: .*\(ENXIO\)\n$/) })
    expect(existsSync(out)).toBe(false)
  })
})

describe('--info-block', () => {
  test.each([['sectorSize=4096,nfree=0x100,offset=4k'], ['external-lbasize=4096,NFREE=256']])(
    'takes %s',
    async (values) => {
      unpack('bad-info-both-zero')
      await bttOk('salvage', image, '--out', out, '--info-block', values)
      expect(manifestIn(out).arenas[0]?.layout.source).toBe('by-hand')
    },
  )

  test('takes a file of JSON', async () => {
    unpack('bad-info-both-zero')
    const file = join(directory, 'info.json')
    writeFileSync(file, JSON.stringify({ arenas: [{ externalLbasize: 4096, offset: 4096 }] }))
    await bttOk('salvage', image, '--out', out, '--info-block', file)
    expect(manifestIn(out).arenas[0]?.layout.source).toBe('by-hand')
  })

  test('says what fits better', async () => {
    unpack('bad-info-both-zero')
    const outcome = await bttHere('salvage', image, '--out', out, '--info-block', 'sectorSize=512')
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stdout.toString()).toContain('flog and map fit better: 4083 sectors of 4096 bytes')
  })

  test.each([
    ['sectorsize'],
    ['nfree=many'],
    ['nfree=0'],
    ['nfree=1,nfree=2'],
    ['colour=4'],
    ['=4'],
    ['uuid=4'],
    ['sectorSize=512,externalLbasize=4096'],
  ])('%s is a wrong call', async (values) => {
    unpack('bad-info-both-zero')
    // Without `=` it is the name of a file.
    const exitCode = values.includes('=') ? 2 : 1
    const outcome = await bttHere('salvage', image, '--out', out, '--info-block', values)
    expect(outcome).toMatchObject({ exitCode, stderr: expect.stringMatching(/^btt: .*\n$/) })
    expect(existsSync(out)).toBe(false)
  })
})

test('without --out it is a wrong call', async () => {
  unpack('bad-map-dup')
  expect((await bttHere('salvage', image)).exitCode).toBe(2)
})

test('where the storage fails in the middle, what was got is there, and the manifest claims no more', async () => {
  unpack('v11-4096')
  const url = `fault:${image}?faults=read,error,errno=ENOMEM,stage=data,nth=3`
  const outcome = await bttHere('salvage', url, '--out', out)
  expect(outcome).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^btt: .*ENOMEM.*what was got.*\n$/),
  })
  expect(manifestIn(out)).toMatchObject({ finished: false, reason: expect.stringContaining('ENOMEM') })
  expect(existsSync(join(out, 'manifest.json.partial'))).toBe(false)
})

/** A salvage of which each read takes long, as a process of its own, when it has begun to write. */
async function slowSalvage(): Promise<{ kill(signal: NodeJS.Signals): Promise<number | null> }> {
  unpack('v11-4096')
  const { file, args, env } = commandLine(['salvage', `delay:${image}?readDelayMs=20`, '--out', out])
  const child = spawn(file, args, { env, stdio: 'ignore' })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await vi.waitUntil(() => existsSync(join(out, 'unreferenced.img')), { timeout: 30_000, interval: 5 })
  return {
    kill(signal) {
      child.kill(signal)
      return ended
    },
  }
}

test('Ctrl-C leaves a manifest that says that it is not finished', async () => {
  const running = await slowSalvage()
  expect(await running.kill('SIGINT')).toBe(1)
  expect(manifestIn(out)).toMatchObject({ finished: false, reason: 'it was stopped' })
}, 60_000)

test('a salvage that is killed leaves no manifest', async () => {
  const running = await slowSalvage()
  await running.kill('SIGKILL')
  expect(existsSync(join(out, 'manifest.json'))).toBe(false)
  expect(existsSync(join(out, 'manifest.json.partial'))).toBe(true)
}, 60_000)
