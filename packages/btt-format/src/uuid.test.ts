import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { NULL_UUID, UUID_BYTES, decodeUuid, encodeUuid, isUuid } from './index.ts'

const text = '00112233-4455-6677-8899-aabbccddeeff'
const bytes = Uint8Array.from({ length: 16 }, (_, i) => i * 0x11)

test('a UUID is read in the order of its digits', () => {
  expect(decodeUuid(bytes, 0)).toBe(text)
})

test('a UUID is written in the order of its digits, and nothing beside it', () => {
  const target = new Uint8Array(20).fill(0xee)
  encodeUuid(text, target, 2)
  expect([...target]).toEqual([0xee, 0xee, ...bytes, 0xee, 0xee])
})

test('it is read from any byte on', () => {
  expect(decodeUuid(Uint8Array.of(9, 9, 9, ...bytes), 3)).toBe(text)
})

test('capital letters are the same UUID', () => {
  const target = new Uint8Array(UUID_BYTES)
  encodeUuid(text.toUpperCase(), target, 0)
  expect(decodeUuid(target, 0)).toBe(text)
})

test('zeros are the null UUID', () => {
  expect(decodeUuid(new Uint8Array(UUID_BYTES), 0)).toBe(NULL_UUID)
})

test('any 16 bytes come back from text', () => {
  const property = fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (any) => {
    const target = new Uint8Array(UUID_BYTES)
    const printed = decodeUuid(any, 0)
    encodeUuid(printed, target, 0)
    expect(isUuid(printed)).toBe(true)
    expect(target).toEqual(any)
  })
  fc.assert(property)
})

test.each([text, NULL_UUID, text.toUpperCase()])('%s is a UUID', (it) => {
  expect(isUuid(it)).toBe(true)
})

test.each([
  '',
  '00112233445566778899aabbccddeeff',
  '00112233-4455-6677-8899-aabbccddeef',
  '00112233-4455-6677-8899-aabbccddeefff',
  '00112233-4455-6677-8899-aabbccddeefg',
  '0011223-34455-6677-8899-aabbccddeeff',
  `{${text}}`,
  ` ${text}`,
  `${text}\n`,
])('%j is no UUID', (it) => {
  expect(isUuid(it)).toBe(false)
})
