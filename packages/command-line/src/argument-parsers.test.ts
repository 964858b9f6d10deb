import { InvalidArgumentError } from 'commander'
import { expect, test } from 'vitest'
import { countArgument, countUpTo, lbaArgument, secondsArgument, sizeArgument } from './index.ts'

test.each([
  ['0', 0],
  ['42', 42],
  ['0x2a', 42],
  ['0X2A', 42],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['0x1fffffffffffff', Number.MAX_SAFE_INTEGER],
])('%s is a number of sectors, and of a sector', (text, number) => {
  expect(lbaArgument(text)).toBe(number)
  expect(countArgument(text)).toBe(number)
})

test.each([
  '',
  ' 1',
  '1 ',
  '-1',
  '+1',
  '1.0',
  '1e3',
  '0x',
  '0b1',
  '4k',
  'one',
  'Infinity',
  '9007199254740992',
  '9'.repeat(400),
])('%j is neither', (text) => {
  expect(() => lbaArgument(text)).toThrow(InvalidArgumentError)
  expect(() => countArgument(text)).toThrow(InvalidArgumentError)
})

test('a size has a unit, or not', () => {
  expect([sizeArgument('512'), sizeArgument('64MiB'), sizeArgument('1GB')]).toEqual([512, 64 * 2 ** 20, 1e9])
})

test.each(['', '-1', '1.5G', '64 MiB', 'big', '9007199254740992'])('%j is no size', (text) => {
  expect(() => sizeArgument(text)).toThrow(InvalidArgumentError)
})

test('a count with a limit is from 1 to the limit', () => {
  expect(['1', '0x10', '64'].map(countUpTo(64))).toEqual([1, 16, 64])
  for (const text of ['0', '65', '-1', '1.5', ''])
    expect(() => countUpTo(64)(text)).toThrow(InvalidArgumentError)
})

test('seconds are above 0 and may be a part of one', () => {
  expect(['10', '0.5', '007.250'].map(secondsArgument)).toEqual([10, 0.5, 7.25])
})

test.each(['0', '0.0', '-1', '.5', '5.', '1e3', 'Infinity', '9'.repeat(400), '1s', ''])(
  '%j is no number of seconds',
  (text) => {
    expect(() => secondsArgument(text)).toThrow(InvalidArgumentError)
  },
)
