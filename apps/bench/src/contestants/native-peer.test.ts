/** Peers in C do the work that bttkit does, and one that only says so is found out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { createStack } from '@bttkit/stack'
import { NativePrograms, type NativeProgram } from '../native/native-programs.ts'
import { writeSequence } from '../workload/sequence.ts'
import { SEQUENCE, SMALL_WORK, scratchFolder } from './contestants.test-support.ts'
import { imageBytes } from './fill-image.ts'
import { NativePeer, type NativePeerOptions } from './native-peer.ts'

const stack = createStack()
// Each is compiled once for all tests.
const programsFolder = mkdtempSync(join(tmpdir(), 'btt-bench-test-'))
const programs = new NativePrograms(programsFolder)
afterAll(() => rmSync(programsFolder, { recursive: true }))

async function peer(
  options: Pick<NativePeerOptions, 'program' | 'content'> & Partial<NativePeerOptions>,
): Promise<NativePeer> {
  const folder = scratchFolder()
  const sequencePath = join(folder, 'sequence')
  await writeSequence(sequencePath, SEQUENCE)
  const native = new NativePeer(stack, {
    name: 'the peer',
    kind: 'peer',
    variant: 'plain',
    workload: SMALL_WORK,
    sequence: SEQUENCE,
    sequencePath,
    path: join(folder, 'file'),
    ...options,
  })
  onTestFinished(() => native.end())
  return native
}

/** A program that answers as they do, whatever it was told. */
function script(body: string): string {
  const path = join(scratchFolder(), 'script')
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  return path
}

const ANSWERS = 'while read -r line; do echo 1000; done'

test.for<
  [Exclude<NativeProgram, 'memory-file'>, NativePeerOptions['content'], string, Partial<typeof SMALL_WORK>]
>([
  ['pmemblk', 'pool', 'plain', {}],
  ['pmemblk', 'pool', 'plain', { threads: 2 }],
  ['memory', 'sectors', 'plain', { callSectors: 4 }],
  ['persist', 'sectors', 'four-times', {}],
  ['file', 'sectors', 'fdatasync', { threads: 2 }],
  ['file', 'sectors', 'plain', { operation: 'read' }],
])('%s does the same work', async ([program, content, variant, changes], { skip }) => {
  const found = await programs.find(program)
  if ('missing' in found) return skip(found.missing)
  const workload = { ...SMALL_WORK, ...changes }
  const native = await peer({ program: found.path, content, variant, workload })
  await native.prepare()
  const { elapsedMs, value } = await native.run(64)
  expect(value).toBeCloseTo((elapsedMs * 1e6) / (64 * workload.unitSectors), 3)
  await native.run(10)
  await expect(native.verify()).resolves.toBeUndefined()
})

test('it may be filled elsewhere', async ({ skip }) => {
  const found = await programs.find('file')
  if ('missing' in found) return skip(found.missing)
  const fillPath = join(scratchFolder(), 'filled')
  const native = await peer({ program: found.path, content: 'sectors', fillPath })
  await native.prepare()
  await native.run(5)
  await expect(native.verify()).resolves.toBeUndefined()
})

test('a peer that says it has done the work, and has not, is found out', async () => {
  const program = script(`head -c ${imageBytes(SMALL_WORK)} /dev/zero > "$2"\n${ANSWERS}`)
  const native = await peer({ program, content: 'sectors' })
  await native.prepare()
  await native.run(5)
  await expect(native.verify()).rejects.toThrow('the peer: wrong content after the work: sector 0')
})

test.each([
  ['says why it cannot', 'echo "no such pool" >&2; exit 1', 'the peer: no such pool'],
  ['says nothing', 'exit 3', 'the peer: it ended with 3'],
  ['is killed', 'kill -9 $$', 'the peer: it ended with SIGKILL'],
])('a peer that %s is a failure', async (_, body, message) => {
  const native = await peer({ program: script(body), content: 'sectors' })
  await expect(native.prepare()).rejects.toThrow(message)
})

test('a peer that is not there is a failure', async () => {
  const native = await peer({ program: '/no/such/program', content: 'sectors' })
  await expect(native.prepare()).rejects.toThrow('ENOENT')
})

test('a peer that does not tell the time is a failure', async () => {
  const native = await peer({ program: script('while read -r line; do echo fine; done'), content: 'sectors' })
  await native.prepare()
  await expect(native.run(1)).rejects.toThrow('did not say how long it took')
})

test('a peer that fails at the end is a failure', async () => {
  const native = await peer({
    program: script(`${ANSWERS}\necho "not closed" >&2; exit 1`),
    content: 'sectors',
  })
  await native.prepare()
  await expect(native.verify()).rejects.toThrow('not closed')
})
