import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ProviderUrlError } from '@bttkit/interfaces'
import type { ImageConfiguration } from './image-configuration.ts'
import { parseImageUrl } from './image-url.ts'
import { toyPlugins } from './toy-plugins.test-support.ts'

const plugins = toyPlugins({ file: [], mem: [] }, { slow: ['delayMs'], odd: ['x', 'delayMs'] })
const parse = (image: string): ImageConfiguration => parseImageUrl(image, plugins)

describe('a plain path', () => {
  test.each(['disk.img', '/dev/pmem0s', './a b', '50%.img', 'what?.img', 'C:\\disk.img', 'FILE:disk.img'])(
    '%j is the path of a file, as it stands',
    (image) => {
      expect(parse(image)).toEqual({ scheme: 'file', path: image })
    },
  )

  test('that is empty is refused', () => {
    expect(() => parse('')).toThrow(ProviderUrlError)
  })
})

describe('a URL', () => {
  test('has a scheme, a path and parameters', () => {
    const image = 'mem:scratch?size=64MiB&shared=yes'
    expect(parse(image)).toEqual({
      scheme: 'mem',
      path: 'scratch',
      parameters: { size: '64MiB', shared: 'yes' },
    })
  })

  test.each([
    ['file:disk%20one.img', 'disk one.img'],
    ['file:what%3F.img', 'what?.img'],
    ['file:%E2%82%AC', '€'],
    ['file:a+b', 'a+b'],
    ['file:/a:b/c', '/a:b/c'],
    ['file:two\nlines', 'two\nlines'],
    ['file:', ''],
  ])('%j has the path %j', (image, path) => {
    expect(parse(image).path).toBe(path)
  })

  test.each([
    ['mem:?a=1', [['a', '1']]],
    ['mem:?a', [['a', '']]],
    ['mem:?a=', [['a', '']]],
    ['mem:?a=b=c', [['a', 'b=c']]],
    ['mem:?a=what?', [['a', 'what?']]],
    ['mem:?%61=%26', [['a', '&']]],
    ['mem:?a=1&&b=2&', [['a', '1'], ['b', '2']]], // oxfmt-ignore
    ['mem:?', []],
  ] satisfies [string, string[][]][])('%j has the parameters %j', (image, parameters) => {
    expect(Object.entries(parse(image).parameters ?? {})).toEqual(parameters)
  })

  test.each([
    ['mem:?size=1&size=2', 'size is given twice'],
    ['mem:?size=1&%73ize=2', 'size is given twice'],
    ['mem:?=1', 'gives no parameter a value'],
    ['file:50%', 'percent sign'],
    ['mem:?a=%zz', 'percent sign'],
    ['mem:?%zz=a', 'percent sign'],
  ])('%j is refused: %s', (image, reason) => {
    expect(() => parse(image)).toThrow(ProviderUrlError)
    expect(() => parse(image)).toThrow(reason)
    expect(() => parse(image)).toThrow(image)
  })
})

describe('a layer', () => {
  test('has its own parameters, and what is under it has the others', () => {
    expect(parse('slow:mem:scratch?size=1&delayMs=2')).toEqual({
      scheme: 'slow',
      parameters: { delayMs: '2' },
      inner: { scheme: 'mem', path: 'scratch', parameters: { size: '1' } },
    })
  })

  test('that is the outer one has a parameter that two know', () => {
    expect(parse('odd:slow:mem:?delayMs=2')).toEqual({
      scheme: 'odd',
      parameters: { delayMs: '2' },
      inner: { scheme: 'slow', parameters: {}, inner: { scheme: 'mem', path: '', parameters: {} } },
    })
  })

  test.each([
    ['slow:disk.img', 'disk.img'],
    ['slow:/tmp/50%25', '/tmp/50%'],
    ['slow:what%3F.img', 'what?.img'],
    ['slow:file:what%3F.img', 'what?.img'],
    ['slow:odd:slow:what%3F%2525.img', 'what?%25.img'],
    ['slow:file%3Adisk.img', 'file:disk.img'],
    ['slow:/backup:today/disk.img', '/backup:today/disk.img'],
    ['slow:backup:today/disk.img', 'backup:today/disk.img'],
    ['slow:', ''],
  ])('%j lies over the file %j', (image, path) => {
    let { inner } = parse(image)
    while (typeof inner === 'object' && inner.scheme !== 'file') inner = inner.inner
    expect(inner).toMatchObject({ scheme: 'file', path })
  })

  test('over a scheme that nobody knows is refused', () => {
    expect(() => parse('slow:dax:pmem0')).toThrow('no provider knows the scheme "dax:"')
  })
})

describe('what looks like a URL of a scheme that nobody knows', () => {
  test('is refused, and the schemes are named that there are', () => {
    expect(() => parse('dax:pmem0')).toThrow(
      'no provider knows the scheme "dax:"; there are file:, mem:, slow:, odd:',
    )
  })

  test('is a path when it names a folder', () => {
    expect(parse('backup:today/disk.img')).toMatchObject({ scheme: 'file', path: 'backup:today/disk.img' })
  })

  test('is a path when there is such a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bttkit-url-'))
    const before = process.cwd()
    onTestFinished(() => {
      process.chdir(before)
      rmSync(folder, { recursive: true })
    })
    process.chdir(folder)
    writeFileSync('backup:today', '')
    expect(parse('backup:today')).toMatchObject({ scheme: 'file', path: 'backup:today' })
  })
})
