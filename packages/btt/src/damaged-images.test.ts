import { expect, test } from 'vitest'
import { corruptions, applyPatches, kernelImage, poolImage } from '@bttkit/fixtures'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { engine, sha256 } from './engine.test-support.ts'

function memoryOf(name: string): MemoryProvider {
  return new MemoryProvider({ bytes: kernelImage(name).bytes() }, name)
}

function code(attempt: () => unknown): string {
  try {
    attempt()
    return 'no error'
  } catch (error) {
    return (error as { code: string }).code
  }
}

test.each([
  ['bad-flog-same-seq', 'BTT_FLOG'],
  ['bad-info1-zero', 'BTT_WRITE_REFUSED'],
  ['bad-info-both-zero', 'BTT_NOT_FOUND'],
])('%s is refused for writing: %s', (name, expected) => {
  const memory = memoryOf(name)
  expect(code(() => runAtomic(engine.attach(memory)))).toBe(expected)
  expect(sha256(memory.mapping)).toBe(kernelImage(name).manifest.rawSha256)
})

test.each(['bad-flog-same-seq', 'bad-info1-zero'])('%s can be read, and says what is wrong', (name) => {
  // The content of the image that was altered; the alteration left every sector as it was.
  const baseContent = /content sha256 ([0-9a-f]{64})/.exec(kernelImage(name).manifest.base ?? '')?.[1]
  const device = runAtomic(engine.attach(memoryOf(name), { readOnly: true }))
  const content = new Uint8Array(device.sectorCount * device.sectorSize)
  device.atomic.read(0, content)
  expect(sha256(content)).toBe(baseContent)
  expect(device.info.state).toBe('error')
  expect(device.info.problems).toHaveLength(1)
})

test('a map entry out of range is an I/O error for its sector alone', () => {
  const device = runAtomic(engine.attach(memoryOf('bad-map-oob')))
  const sector = new Uint8Array(device.sectorSize)
  const failed: number[] = []
  for (let lba = 0; lba < device.sectorCount; lba++) {
    if (code(() => device.atomic.read(lba, sector)) === 'BTT_MAP_ENTRY') failed.push(lba)
  }
  expect(failed).toHaveLength(1)
  expect(code(() => device.atomic.write(failed[0] ?? 0, sector))).toBe('BTT_MAP_ENTRY')
  expect(code(() => device.atomic.zero(failed[0] ?? 0, 1))).toBe('BTT_MAP_ENTRY')
})

test('bad-map-pending is recovered to what the kernel recovers it to', () => {
  const memory = memoryOf('bad-map-pending')
  const device = runAtomic(engine.attach(memory))
  const content = new Uint8Array(device.sectorCount * device.sectorSize)
  device.atomic.read(0, content)
  expect(sha256(content)).toBe(kernelImage('bad-map-pending').manifest.kernel.attach?.sha256)
})

test('bad-pad-old-02, with the flog slots of old kernels, is read and continued in those slots', () => {
  const memory = memoryOf('bad-pad-old-02')
  const device = runAtomic(engine.attach(memory))
  expect(device.info.format.logLayout).toBe('0,2')
  const content = new Uint8Array(device.sectorCount * device.sectorSize)
  device.atomic.read(0, content)
  expect(sha256(content)).toBe(kernelImage('bad-pad-old-02').manifest.kernel.attach?.sha256)
  device.atomic.write(0, content)
  const again = runAtomic(engine.attach(memory, { readOnly: true }))
  expect(again.info.format.logLayout).toBe('0,2')
  expect(again.info.problems).toEqual([])
})

test.each(corruptions().map((corruption) => [corruption.name, corruption] as const))(
  'damage "%s" of a pool never crashes an attach, and a read-only one writes nothing',
  (_name, corruption) => {
    const bytes = poolImage('crash-4096').bytes()
    applyPatches(bytes, corruption.patches)
    const before = sha256(bytes)
    const memory = new MemoryProvider({ bytes }, corruption.name)
    try {
      const device = runAtomic(engine.attach(memory, { readOnly: true }))
      const sector = new Uint8Array(device.sectorSize)
      for (let lba = 0; lba < device.sectorCount; lba++) code(() => device.atomic.read(lba, sector))
    } catch (error) {
      expect((error as { code: string }).code).toMatch(/^BTT_/)
    }
    expect(sha256(bytes)).toBe(before)
  },
)
