import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { chunkStorage, openChunks } from './chunk-storage.test-support.js'
import type { ChunkProvider } from './chunk-provider.js'

const CHUNK_BYTES = 4096
const SIZE_BYTES = 4 * CHUNK_BYTES

function newImage(context: TestContext): { provider: ChunkProvider; folder: string; log: string } {
  const { provider, folder, cleanUp } = chunkStorage(SIZE_BYTES)
  context.after(() => cleanUp?.())
  return { provider, folder, log: join(folder, 'log') }
}

function contentOf(provider: ChunkProvider): Uint8Array {
  const content = new Uint8Array(provider.size)
  provider.read(0, content)
  return content
}

/** Bytes that no compressor makes much shorter. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed
  return Uint8Array.from({ length }, () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) >> 16)
}

async function store(provider: ChunkProvider, offset: number, bytes: Uint8Array): Promise<void> {
  provider.write(offset, bytes)
  await provider.flush()
}

test('wherever a power cut ends the log, each chunk is old or new, and the image goes on', async (context) => {
  const { provider, folder, log } = newImage(context)
  await store(provider, 0, new Uint8Array(SIZE_BYTES).fill(1))
  const flushed = readFileSync(log)
  await store(provider, 0, new Uint8Array(SIZE_BYTES).fill(2))
  await provider.close()
  const appended = readFileSync(log).subarray(flushed.byteLength)
  assert.notEqual(appended.byteLength, 0)

  for (let length = 0; length <= appended.byteLength; length++) {
    writeFileSync(log, Buffer.concat([flushed, appended.subarray(0, length)]))
    const left = openChunks(folder)
    const content = contentOf(left)
    for (let start = 0; start < SIZE_BYTES; start += CHUNK_BYTES) {
      const first = content[start]
      assert.ok(first === 1 || first === 2)
      assert.ok(content.subarray(start, start + CHUNK_BYTES).every((byte) => byte === first))
    }
    await store(left, 100, Uint8Array.of(3))
    await left.close()
    content[100] = 3
    const again = openChunks(folder, { readOnly: true })
    assert.deepEqual(contentOf(again), content)
    await again.close()
  }
})

test('what lies behind a torn record never comes back', async (context) => {
  const { provider, folder, log } = newImage(context)
  await store(provider, 0, new Uint8Array(SIZE_BYTES).fill(1))
  const flushed = readFileSync(log)
  await store(provider, 0, new Uint8Array(SIZE_BYTES).fill(2))
  await provider.close()
  // The disk has stored the records of all chunks but the first.
  const torn = Buffer.concat([flushed, readFileSync(log).subarray(flushed.byteLength)])
  torn.fill(0, flushed.byteLength, flushed.byteLength + 20)
  writeFileSync(log, torn)
  const left = openChunks(folder)
  // The same record takes the place of the torn one, so that the next would follow it.
  await store(left, 0, new Uint8Array(CHUNK_BYTES).fill(2))
  await left.close()
  const again = openChunks(folder)
  assert.deepEqual(contentOf(again), new Uint8Array(SIZE_BYTES).fill(1).fill(2, 0, CHUNK_BYTES))
  await again.close()
})

test('a medium that lost what was durable is not taken for a power cut', async (context) => {
  const { provider, folder, log } = newImage(context)
  await store(provider, 0, noise(100, 1))
  await store(provider, 0, noise(100, 2))
  await provider.close()
  const damaged = readFileSync(log)
  const firstPayload = 4096 + 20
  damaged[firstPayload] = (damaged[firstPayload] ?? 0) ^ 1
  writeFileSync(log, damaged)
  assert.throws(() => openChunks(folder), { code: 'BTT_PROVIDER_OPEN', errno: 'EIO' })
})

test('a log that is mostly old is written anew, and has the same content', async (context) => {
  const { provider, folder, log } = newImage(context)
  let longest = 0
  let previous = 0
  for (let round = 1; previous <= statSync(log).size; round++) {
    assert.ok(round < 1000, `the log grew to ${longest} bytes`)
    previous = statSync(log).size
    longest = Math.max(longest, previous)
    await store(provider, 0, noise(SIZE_BYTES, round))
  }
  assert.ok(statSync(log).size < longest / 10)
  await store(provider, 5000, Uint8Array.of(1, 2, 3))
  const content = contentOf(provider)
  await provider.close()
  const again = openChunks(folder)
  assert.deepEqual(contentOf(again), content)
  await again.close()
})

test('whoever gets the lock sees what was written after the opening', async (context) => {
  const { provider, folder } = newImage(context)
  const second = openChunks(folder)
  contentOf(second)
  await provider.lock('exclusive')
  await store(provider, 0, Uint8Array.of(7))
  await provider.close()
  await second.lock('exclusive')
  assert.equal(contentOf(second)[0], 7)
  await store(second, 1, Uint8Array.of(8))
  await second.close()
  const third = openChunks(folder)
  assert.deepEqual(contentOf(third).subarray(0, 2), Uint8Array.of(7, 8))
  await third.close()
})
