/** Storage that makes a write durable in one call: `writeThrough`. */
import { expect, test } from 'vitest'
import { ArenaErrorStateError, ProviderIoError, type MaybeSleep } from '@bttkit/interfaces'
import { runAsync, runAtomic } from '@bttkit/sleepable'
import { MIB, bijectionProblems, engine, freshMemory } from './engine.test-support.ts'
import { RecordingThroughProvider, type RecordingProvider } from './recorded-calls.test-support.ts'

class ThroughProvider extends RecordingThroughProvider {
  fails = false

  override writeThrough(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    const wait = super.writeThrough(offset, source, start, length)
    if (this.fails) throw new ProviderIoError({}, 'it fails', 'EIO')
    return wait
  }
}

const flushed = { flush: 'immediate', durableOnWrite: false } as const
const fill = (byte: number, length: number): Uint8Array => new Uint8Array(length).fill(byte)

function through(externalLbasize: number, capabilities: object = flushed) {
  const memory = freshMemory(17 * MIB, { externalLbasize, nfree: 4 })
  const provider = new ThroughProvider(memory, capabilities)
  const device = runAtomic(engine.attach(provider))
  provider.takeLines()
  return { memory, provider, device }
}

/** The calls that store the data, without those of the publication. */
function dataCalls(provider: RecordingProvider): string[] {
  return provider.takeLines().filter((line) => /^(data|metadata): (write|persist)/.test(line))
}

test('the data of a whole sector without metadata goes through in one call', () => {
  const { memory, provider, device } = through(4096)
  const flushes = device.statistics().flushes
  device.atomic.write(3, fill(7, 4096))
  expect(dataCalls(provider)).toEqual(['data: writeThrough'])
  // Data, both halves of the flog entry together, and the map.
  expect(device.statistics().flushes - flushes).toBe(3)
  const back = fill(0, 4096)
  device.atomic.read(3, back)
  expect(back).toEqual(fill(7, 4096))
  expect(bijectionProblems(memory.mapping, 4096)).toEqual([])
})

test.each([512, 520])(
  'so does the whole block of a sector of %i bytes that is written in part',
  (lbasize) => {
    const { provider, device } = through(lbasize)
    device.atomic.write(3, fill(1, 512))
    provider.takeLines()
    device.atomic.writeBytes(3 * 512 + 5, fill(7, 10))
    expect(provider.calls.find((call) => call.method === 'writeThrough')?.length).toBe(lbasize)
    expect(dataCalls(provider)).toEqual(['data: writeThrough'])
    const back = fill(0, 16)
    device.atomic.readBytes(3 * 512, back)
    expect([...back]).toEqual([...fill(1, 5), ...fill(7, 10), 1])
  },
)

test('a whole sector with metadata takes two stores, and one persist of both', () => {
  const { provider, device } = through(520)
  device.atomic.write(3, fill(7, 512), fill(8, 8))
  expect(dataCalls(provider)).toEqual(['data: write', 'metadata: write', 'data: persist'])
})

test('a single store of an entry is stored and persisted', () => {
  const { provider, device } = through(4096)
  device.atomic.write(3, fill(7, 4096))
  expect(provider.takeLines().filter((line) => line.endsWith('writeThrough'))).toHaveLength(1)
})

test('storage whose writes are durable gets plain ones', () => {
  const { provider, device } = through(4096, { durableOnWrite: true })
  device.atomic.write(3, fill(7, 4096))
  expect(dataCalls(provider)).toEqual(['data: write'])
  expect(device.statistics().flushes).toBe(0)
})

test('one that fails is a failed flush: nothing is written any more', () => {
  const { memory, provider, device } = through(4096)
  device.atomic.write(3, fill(1, 4096))
  provider.fails = true
  expect(() => device.atomic.write(3, fill(2, 4096))).toThrow(ProviderIoError)
  provider.fails = false
  expect(() => device.atomic.write(4, fill(2, 4096))).toThrow(ArenaErrorStateError)
  expect(() => device.atomic.zero(4, 1)).toThrow(ArenaErrorStateError)
  const back = fill(0, 4096)
  device.atomic.read(3, back)
  expect(back).toEqual(fill(1, 4096))
  runAtomic(engine.attach(memory)).atomic.write(4, fill(2, 4096))
  expect(bijectionProblems(memory.mapping, 4096)).toEqual([])
})

test('one that fails after it has slept is a failed flush, too', async () => {
  const memory = freshMemory(17 * MIB, { nfree: 4 })
  const provider = new (class extends ThroughProvider {
    override writeThrough(): MaybeSleep {
      this.record('writeThrough', 0, 0)
      return Promise.reject(new ProviderIoError({}, 'it fails', 'EIO'))
    }
  })(memory, { ...flushed, mayWait: true })
  const device = await runAsync(engine.attach(provider))
  await expect(device.write(3, fill(2, 4096))).rejects.toThrow(ProviderIoError)
  await expect(device.zero(4, 1)).rejects.toThrow(ArenaErrorStateError)
})
