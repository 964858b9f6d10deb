import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FileProvider, type SystemCalls } from './index.ts'
import { makeBlockDevice, makeFile } from './scratch.test-support.ts'
import { failing, systemWith, withoutHelp, withoutNative } from './system.test-support.ts'

const MIB = 2 ** 20

const noPunching = (errno: string) => ({ flock: () => undefined, fallocate: () => errno })

/** A system where only one way of zeroing works. */
const ways: [string, SystemCalls][] = [
  ['a native call', systemWith({ run: withoutHelp.run })],
  ['fallocate(1)', withoutNative],
  ['zeros', withoutHelp],
  [
    'zeros, where the file system has no holes',
    systemWith({ native: noPunching('EOPNOTSUPP'), run: withoutHelp.run }),
  ],
]

function expectZeros(provider: FileProvider, offset: number, length: number): void {
  const size = provider.size
  const found = new Uint8Array(size)
  provider.read(0, found)
  const expected = new Uint8Array(size).fill(0xaa)
  expected.fill(0, offset, offset + length)
  expect(Buffer.compare(found, expected)).toBe(0)
}

const ranges: [number, number][] = [
  [0, 9 * MIB],
  [4096, 8 * MIB],
  [1, 9 * MIB - 2],
  [5000, 5 * MIB + 333],
  [4097, 100],
  [3 * MIB + 7, 64 * 1024],
  [3 * MIB + 7, 64 * 1024 + 8192],
  [8191, 2],
  [3 * MIB, 0],
]

describe.each(ways)('zeroing by %s', (_way, system) => {
  test.each(ranges)('reads as zeros in a file: byte %d, %d bytes long', (offset, length) => {
    const path = makeFile(0)
    writeFileSync(path, Buffer.alloc(9 * MIB, 0xaa))
    const provider = FileProvider.open(path, { system })
    provider.zero(offset, length)
    expectZeros(provider, offset, length)
    expect(statSync(path).size).toBe(9 * MIB)
    void provider.close()
  })

  test('reads as zeros on a block device, also by another descriptor', async (context) => {
    const device = makeBlockDevice(context, 9 * MIB)
    const provider = FileProvider.open(device, { system })
    expect.assertions(2 * ranges.length)
    for (const [offset, length] of ranges) {
      provider.write(0, new Uint8Array(9 * MIB).fill(0xaa))
      provider.zero(offset, length)
      expectZeros(provider, offset, length)
      await provider.flush()
      const again = FileProvider.open(device, { readOnly: true })
      expectZeros(again, offset, length)
      void again.close()
    }
    await provider.close()
  })

  test('leaves a large sparse file sparse', () => {
    const path = makeFile(768 * MIB)
    const provider = FileProvider.open(path, { system })
    provider.write(300 * MIB, Uint8Array.of(1))
    provider.zero(MIB - 1, 600 * MIB)
    const target = new Uint8Array(4096).fill(1)
    provider.read(300 * MIB, target)
    expect(target).toEqual(new Uint8Array(4096))
    expect(statSync(path).blocks * 512).toBeLessThan(4 * MIB)
    void provider.close()
  })
})

test.each([
  ['native', systemWith({ run: withoutHelp.run })],
  ["fallocate(1)'s", withoutNative],
])('a %s hole gives its space back', (_how, system) => {
  const path = makeFile(0)
  writeFileSync(path, Buffer.alloc(8 * MIB, 1))
  const provider = FileProvider.open(path, { system })
  provider.flush()?.block?.()
  expect(statSync(path).blocks).toBeGreaterThan(0)
  provider.zero(0, 8 * MIB)
  expect(statSync(path).blocks).toBe(0)
  expect(readFileSync(path).every((byte) => byte === 0)).toBe(true)
  void provider.close()
})

test('a block device is asked for whole blocks only', (context) => {
  const asked: [number, number][] = []
  const fallocate = (_fd: number, _mode: number, offset: number, length: number): undefined => {
    asked.push([offset, length])
  }
  const system = systemWith({ native: { flock: () => undefined, fallocate } })
  const provider = FileProvider.open(makeBlockDevice(context, 9 * MIB), { system })
  provider.zero(5000, MIB)
  expect(asked).toEqual([[8192, 5000 + MIB - ((5000 + MIB) % 4096) - 8192]])
  void provider.close()
})

test('a way that does not work is tried once', () => {
  const tried: string[] = []
  const system = systemWith({
    native: {
      flock: () => undefined,
      fallocate: (_fd, mode) => {
        tried.push(`fallocate ${mode}`)
        return 'EOPNOTSUPP'
      },
    },
    run: (program) => {
      tried.push(program)
      return { exitCode: 1, stdout: '', stderr: '' }
    },
  })
  const provider = FileProvider.open(makeFile(16 * MIB), { system })
  provider.zero(0, 8 * MIB)
  provider.zero(0, 8 * MIB)
  expect(tried).toEqual(['fallocate 3', 'fallocate 17', 'fallocate'])
  void provider.close()
})

test.each(['EIO', 'ENOSPC'])('%s is a failure, with its place, and is not papered over', (errno) => {
  const path = makeFile(MIB)
  const provider = FileProvider.open(path, { system: systemWith({ native: noPunching(errno) }) })
  expect(() => provider.zero(512, MIB / 2)).toThrow(
    expect.objectContaining({ code: 'BTT_PROVIDER_IO', errno, place: { image: path, offset: 512 } }),
  )
  void provider.close()
})

test('what cannot be read is written, each unit of it at once', () => {
  const path = makeFile(0)
  writeFileSync(path, Buffer.alloc(3 * MIB, 0xaa))
  const written: [number, number][] = []
  const system = systemWith({
    native: undefined,
    run: withoutHelp.run,
    read: failing('EIO'),
    write: (_fd, _source, _start, length, position) => {
      written.push([position, length])
      return length
    },
  })
  const provider = FileProvider.open(path, { system })
  provider.zero(100, 2 * MIB)
  expect(written).toEqual([
    [100, MIB - 100],
    [MIB, MIB],
    [2 * MIB, 100],
  ])
  void provider.close()
})
