/** A file above 4 GiB, sparse, so that it takes neither time nor room. */
import { closeSync, openSync, readSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { FileMapping, VIEW_BYTES } from './file-mapping.ts'
import { loadNative } from './native.ts'
import { makeFile, openDax, skipWithoutMappings } from './scratch.test-support.ts'

skipWithoutMappings()

const SIZE = 2 * VIEW_BYTES + 2 ** 30

function inFile(path: string, offset: number, length: number): number[] {
  const fd = openSync(path, 'r')
  const target = new Uint8Array(length)
  readSync(fd, target, 0, length, offset)
  closeSync(fd)
  return [...target]
}

test.each([
  ['at its end', SIZE - 100],
  ['across two views', VIEW_BYTES - 50],
  ['across the next two, at 4 GiB', 2 * VIEW_BYTES - 8],
])('what is stored %s is there in the file', (_where, offset) => {
  const path = makeFile(SIZE)
  const provider = openDax(path)
  const source = Uint8Array.from({ length: 100 }, (_byte, at) => at + 1)
  provider.write(offset, source)
  provider.flush()
  expect(inFile(path, offset, 100)).toEqual([...source])
  const target = new Uint8Array(100)
  provider.read(offset, target)
  expect(target).toEqual(source)
})

test('zeros go across views', () => {
  const provider = openDax(SIZE)
  provider.write(VIEW_BYTES - 3, Uint8Array.of(1, 2, 3, 4, 5, 6))
  provider.zero(VIEW_BYTES - 2, 4)
  const target = new Uint8Array(6)
  provider.read(VIEW_BYTES - 3, target)
  expect([...target]).toEqual([1, 0, 0, 0, 0, 6])
})

test('it has no single mapping', () => {
  expect(openDax(SIZE).mapping).toBeUndefined()
})

test('what nobody touches of it is never addressed, so that it opens at once whatever its size is', () => {
  const native = loadNative() ?? expect.fail('there are no mappings here')
  const addressed: number[] = []
  const view: typeof native.view = (address, length) => {
    addressed.push(length)
    return native.view(address, length)
  }
  const size = 100 * VIEW_BYTES
  const path = makeFile(size)
  const fd = openSync(path, 'r')
  onTestFinished(() => closeSync(fd))
  const mapping = new FileMapping({ path, fd, size }, true, { ...native, view })
  onTestFinished(() => mapping.unmap())
  mapping.load(70 * VIEW_BYTES, new Uint8Array(8), 0, 8)
  expect(addressed).toEqual([VIEW_BYTES, VIEW_BYTES])
})
