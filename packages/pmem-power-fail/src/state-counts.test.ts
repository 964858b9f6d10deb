/** How many states a power failure may leave, counted by hand from the rules of each model. */
import { expect, test } from 'vitest'
import { PowerFailMemory, type PowerFailModel } from './index.ts'

type Program = (storage: PowerFailMemory) => void
type Row = readonly [what: string, program: Program, states: bigint]

const bytes = (length: number, value = 1): Uint8Array => new Uint8Array(length).fill(value)

function testCounts(model: PowerFailModel, rows: readonly Row[]): void {
  test.each(rows)(`${model}: %s`, (_, program, states) => {
    const storage = new PowerFailMemory({ media: 65_536, model })
    program(storage)
    const failure = storage.cut()
    expect(failure.stateCount).toBe(states)
    // A check that reads nothing sees one class, and it stands for all of them.
    expect(failure.explore(() => {})).toEqual({ classes: 1, states, samples: 0, isExhaustive: true })
  })
}

testCounts('px86', [
  ['nothing in flight: the media as they are', () => {}, 1n],
  ['one aligned word: there or not', (s) => s.write(8, bytes(8)), 2n],
  ['four bytes within a word: there or not', (s) => s.write(12, bytes(4)), 2n],
  ['a word over itself with what it holds: still there or not', (s) => s.write(8, bytes(8, 0)), 2n],
  [
    'eight bytes over a border of words: two stores of one write, each there or not',
    (s) => s.write(4, bytes(8)),
    4n,
  ],
  [
    'two writes to one line: none, the first, both',
    (s) => {
      s.write(0, bytes(8))
      s.write(8, bytes(8))
    },
    3n,
  ],
  [
    'three writes to one word: none, or one of three',
    (s) => {
      for (const value of [1, 2, 3]) s.write(0, bytes(8, value))
    },
    4n,
  ],
  [
    'two writes to two lines: each there or not',
    (s) => {
      s.write(0, bytes(8))
      s.write(64, bytes(8))
    },
    4n,
  ],
  ['a copy of 16 bytes in one line: each word there or not', (s) => s.write(0, bytes(16)), 4n],
  ['a copy of 16 bytes over a border of lines: the same', (s) => s.write(56, bytes(16)), 4n],
  ['a copy of a line: any of eight words', (s) => s.write(64, bytes(64)), 256n],
  ['a copy of a sector: any words in each of eight lines', (s) => s.write(512, bytes(512)), 256n ** 8n],
  ['zeros over two lines: as a copy', (s) => s.zero(0, 128), 256n ** 2n],
  [
    'a word, then a copy of 16 bytes in its line: neither, the word, and with it the first, the second or both of the copy',
    (s) => {
      s.write(0, bytes(8))
      s.write(8, bytes(16))
    },
    5n,
  ],
  [
    'a copy of 16 bytes, then a word in its line: 4 for the copy, and the word only with all of it',
    (s) => {
      s.write(8, bytes(16))
      s.write(0, bytes(8))
    },
    5n,
  ],
  [
    'a word, persisted, and another in its line: only that is open',
    (s) => {
      s.write(0, bytes(8))
      s.persist?.(0, 8)
      s.write(8, bytes(8))
    },
    2n,
  ],
  [
    'two words of two lines, and one byte of one line persisted: the other is open',
    (s) => {
      s.write(0, bytes(8))
      s.write(64, bytes(8))
      s.persist?.(127, 1)
    },
    2n,
  ],
  [
    'a word, and no bytes of it persisted: it is open',
    (s) => {
      s.write(0, bytes(8))
      s.persist?.(0, 0)
    },
    2n,
  ],
  [
    'a sector, flushed',
    (s) => {
      s.write(512, bytes(512))
      s.flush()
    },
    1n,
  ],
  ['a write of no bytes: nothing', (s) => s.write(8, bytes(0)), 1n],
])

testCounts('px86-non-temporal', [
  [
    'two writes to two words of one line: each there or not',
    (s) => {
      s.write(0, bytes(8))
      s.write(8, bytes(8))
    },
    4n,
  ],
  [
    'three writes to one word: none, or one of three',
    (s) => {
      for (const value of [1, 2, 3]) s.write(0, bytes(8, value))
    },
    4n,
  ],
  ['a copy of a line: any of eight words', (s) => s.write(0, bytes(64)), 256n],
  [
    'two words of one line, one of them persisted: the other is open',
    (s) => {
      s.write(0, bytes(8))
      s.write(8, bytes(8))
      s.persist?.(0, 8)
    },
    2n,
  ],
])

testCounts('torn-512', [
  ['a sector: old or new', (s) => s.write(512, bytes(512)), 2n],
  ['four bytes in a sector: old or new', (s) => s.write(516, bytes(4)), 2n],
  ['four bytes over a border: each of two sectors old or new', (s) => s.write(510, bytes(4)), 4n],
  ['eight sectors in one write', (s) => s.write(4096, bytes(4096)), 2n ** 8n],
  [
    'two writes to one sector: as before, after one, after both',
    (s) => {
      s.write(0, bytes(4))
      s.write(100, bytes(4))
    },
    3n,
  ],
  [
    'two sectors in one write, and a second write to one of them: 2 and 3 versions',
    (s) => {
      s.write(0, bytes(1024))
      s.write(0, bytes(4, 2))
    },
    6n,
  ],
  [
    'flushed',
    (s) => {
      s.write(0, bytes(1024))
      s.flush()
    },
    1n,
  ],
])

testCounts('atomic-4096', [
  ['a block: old or new', (s) => s.write(4096, bytes(4096)), 2n],
  [
    'two sectors of one block: as before, after one, after both',
    (s) => {
      s.write(0, bytes(512))
      s.write(512, bytes(512))
    },
    3n,
  ],
  ['a block that is not aligned: each of two old or new', (s) => s.write(512, bytes(4096)), 4n],
])

testCounts('buffered', [
  ['one write, however long: there or not', (s) => s.write(100, bytes(10_000)), 2n],
  [
    'three writes over each other: each there or not',
    (s) => {
      for (const value of [1, 2, 3]) s.write(0, bytes(8, value))
    },
    8n,
  ],
  [
    'two writes, a flush, and one more',
    (s) => {
      s.write(0, bytes(8))
      s.write(8, bytes(8))
      s.flush()
      s.write(16, bytes(8))
    },
    2n,
  ],
])

testCounts('strict', [
  [
    'any writes: all are durable',
    (s) => {
      s.write(0, bytes(8))
      s.write(100, bytes(1000))
    },
    1n,
  ],
])

/** What the first bytes of two words may be, as text. */
function pairsLeft(model: PowerFailModel, program: Program): string[] {
  const storage = new PowerFailMemory({ media: 4096, model })
  program(storage)
  const found = new Set<string>()
  storage.cut().explore((left) => {
    const word = new Uint8Array(16)
    left.read(0, word)
    found.add(`${word[0]}${word[8]}`)
  })
  return [...found].toSorted()
}

function twoWordsInOrder(storage: PowerFailMemory): void {
  storage.write(0, bytes(8, 1))
  storage.write(8, bytes(8, 2))
}

test.each<[PowerFailModel, string[]]>([
  // Never the second without the first.
  ['px86', ['00', '10', '12']],
  ['px86-non-temporal', ['00', '02', '10', '12']],
  ['torn-512', ['00', '10', '12']],
  ['atomic-4096', ['00', '10', '12']],
  ['buffered', ['00', '02', '10', '12']],
  ['strict', ['12']],
])('%s: what two writes to two words of one line leave', (model, expected) => {
  expect(pairsLeft(model, twoWordsInOrder)).toEqual(expected)
})

test('px86: one write of two words may leave the second without the first', () => {
  expect(pairsLeft('px86', (storage) => storage.write(0, bytes(16)))).toEqual(['00', '01', '10', '11'])
})

function olderAndNewer(storage: PowerFailMemory): void {
  storage.write(0, bytes(16, 1))
  storage.write(0, bytes(8, 2))
}

test('buffered: the older of two writes to one place may be the one that stays', () => {
  expect(pairsLeft('buffered', olderAndNewer)).toEqual(['00', '11', '20', '21'])
})

test('torn-512: the newer write to a sector is not there without the older one', () => {
  expect(pairsLeft('torn-512', olderAndNewer)).toEqual(['00', '11', '21'])
})
