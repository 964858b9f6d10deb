import { describe, expect, test } from 'vitest'
import { ProviderUrlError } from '@bttkit/interfaces'
import type { Image, ImageConfiguration } from './image-configuration.ts'
import { imageLevels, type ImageLevel } from './image-levels.ts'
import { toyPlugins } from './toy-plugins.test-support.ts'

const plugins = toyPlugins(
  { file: ['flush'], mem: ['size'] },
  { slow: ['delayMs'], odd: ['x', 'delayMs'], plain: [] },
)

/** What each level is opened with, the topmost first. */
function locations(image: Image): unknown[] {
  const found: unknown[] = []
  for (let level: ImageLevel | undefined = imageLevels(image, plugins); level; level = level.inner) {
    const { scheme, path, values, url } = level.location
    found.push({ scheme, path, values, url })
  }
  return found
}

const urls = (image: Image): unknown[] =>
  locations(image).map((location) => (location as { url: string }).url)

test('a URL and the configuration that says the same are opened alike', () => {
  const configuration: ImageConfiguration = {
    scheme: 'slow',
    parameters: { delayMs: '2' },
    inner: { scheme: 'mem', path: 'a?b', parameters: { size: '1' } },
  }
  const levels = [
    {
      scheme: 'slow',
      path: 'mem:a%3Fb?size=1',
      values: { delayMs: '2' },
      url: 'slow:mem:a%3Fb?delayMs=2&size=1',
    },
    { scheme: 'mem', path: 'a?b', values: { size: '1' }, url: 'mem:a%3Fb?size=1' },
  ]
  expect(locations('slow:mem:a%3Fb?delayMs=2&size=1')).toEqual(levels)
  expect(locations(configuration)).toEqual(levels)
  expect(locations({ ...configuration, inner: 'mem:a%3Fb?size=1' })).toEqual(levels)
})

test('the URL of the topmost level is as it was given', () => {
  expect(urls('slow:disk%20one.img?')).toEqual(['slow:disk%20one.img?', 'file:disk one.img'])
})

test('two levels of a configuration may have the same parameter', () => {
  const image: ImageConfiguration = {
    scheme: 'odd',
    parameters: { delayMs: '1' },
    inner: { scheme: 'slow', parameters: { delayMs: '2' }, inner: { scheme: 'slow', inner: 'mem:?size=1' } },
  }
  expect(locations(image)).toMatchObject([
    { scheme: 'odd', values: { delayMs: '1', x: undefined } },
    { scheme: 'slow', values: { delayMs: '2' } },
    { scheme: 'slow', values: { delayMs: undefined } },
    { scheme: 'mem', values: { size: '1' } },
  ])
})

test('nothing in a configuration is encoded', () => {
  const path = 'a b%20c?d&e=f:g%.img'
  expect(locations({ scheme: 'file', path, parameters: { flush: '%41&' } })).toEqual([
    {
      scheme: 'file',
      path,
      values: { flush: '%41&' },
      url: 'file:a b%2520c%3Fd&e=f:g%25.img?flush=%2541%26',
    },
  ])
})

test('text in a configuration is a URL, or a plain path as it stands', () => {
  expect(locations({ scheme: 'plain', inner: 'slow:50%25.img' })).toMatchObject([{}, {}, { path: '50%.img' }])
  expect(locations({ scheme: 'plain', inner: '50%25.img' })).toMatchObject([{}, { path: '50%25.img' }])
})

test('a parameter that is undefined is absent', () => {
  expect(urls({ scheme: 'mem', parameters: { size: undefined } })).toEqual(['mem:'])
})

describe('refused is, and named by its URL,', () => {
  test.each<[string, Image, string]>([
    [
      'an unknown parameter, by what is under all layers',
      'odd:slow:mem:?sise=1',
      "mem:?sise=1: the provider 'toy mem' has no parameter 'sise'; there is size",
    ],
    [
      'a parameter of the level below, in a configuration',
      { scheme: 'slow', parameters: { size: '1' }, inner: 'mem:' },
      "'toy slow' has no parameter 'size'; there is delayMs",
    ],
    [
      'a value that is no text, where there has to be one',
      { scheme: 'mem', parameters: { size: 7 } },
      "mem:?size=7: the parameter 'size' cannot be 7: ",
    ],
    [
      'an unknown scheme',
      { scheme: 'dax', path: 'a/b' },
      'dax:a/b: no provider knows the scheme "dax:"; there are file:, mem:',
    ],
    [
      'an unknown scheme under a layer',
      { scheme: 'slow', inner: { scheme: 'dax' } },
      'dax:: no provider knows the scheme "dax:"',
    ],
    [
      'a layer over nothing',
      { scheme: 'slow' },
      "slow:: the provider 'toy slow' is a layer: what it lies over is its 'inner'",
    ],
    ['a layer with a path', { scheme: 'slow', path: 'x', inner: 'mem:' }, "it has no 'path'"],
    ['storage over something', { scheme: 'mem', inner: 'mem:' }, "'toy mem' is no layer"],
    ['an empty name under a layer', { scheme: 'slow', inner: '' }, 'the name of the image is empty'],
  ])('%s', (_, image, says) => {
    expect(() => imageLevels(image, plugins)).toThrow(ProviderUrlError)
    expect(() => imageLevels(image, plugins)).toThrow(says)
  })
})
