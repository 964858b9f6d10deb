import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ProviderUrlError } from '@bttkit/interfaces'
import { parseImageUrl } from './image-url.ts'

const parse = (image: string): ReturnType<typeof parseImageUrl> => parseImageUrl(image, ['file', 'mem'])

describe('a plain path', () => {
  test.each(['disk.img', '/dev/pmem0s', './a b', '50%.img', 'what?.img', 'C:\\disk.img', 'FILE:disk.img'])(
    '%j is the path of a file, as it stands',
    (image) => {
      expect(parse(image)).toEqual({ scheme: 'file', path: image, parameters: new Map(), url: image })
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
      parameters: new Map([
        ['size', '64MiB'],
        ['shared', 'yes'],
      ]),
      url: image,
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
    expect([...parse(image).parameters]).toEqual(parameters)
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

describe('what looks like a URL of a scheme that nobody knows', () => {
  test('is refused, and the schemes are named that there are', () => {
    expect(() => parse('dax:pmem0')).toThrow('no provider knows the scheme "dax:"; there are file:, mem:')
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
