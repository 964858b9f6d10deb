import { ClosedError, InvariantError } from '@bttkit/interfaces'
import { expect, test } from 'vitest'
import { PowerFailMemory, type PowerFailure } from './index.ts'

const bytes = (value: number, length = 8): Uint8Array => new Uint8Array(length).fill(value)

function read(storage: PowerFailMemory, offset: number, length = 1): string {
  const found = new Uint8Array(length)
  storage.read(offset, found)
  return found.join(' ')
}

/** One word in each of so many lines. */
function words(count: number): PowerFailMemory {
  const storage = new PowerFailMemory({ media: 4096, model: 'px86' })
  for (let line = 0; line < count; line++) storage.write(line * 64, bytes(line + 1))
  return storage
}

test('only what is read is decided: a line that nobody reads collapses', () => {
  const { classes, states } = words(10)
    .cut()
    .explore((left) => void read(left, 64))
  expect([classes, states]).toEqual([2, 1024n])
})

test('a read decides about a line of which it reaches only the first byte', () => {
  const storage = new PowerFailMemory({ media: 4096, model: 'px86' })
  storage.write(1024, bytes(1))
  expect(storage.cut().explore((left) => void read(left, 0, 1024)).classes).toBe(1)
  expect(storage.cut().explore((left) => void read(left, 0, 1025)).classes).toBe(2)
})

test('what is read after a decision is decided for each alternative by itself', () => {
  const seen: string[] = []
  const { classes } = words(3)
    .cut()
    .explore((left) => {
      const first = read(left, 0)
      seen.push(first === '1' ? `1, ${read(left, 64)}` : `0, ${read(left, 128)}`)
    })
  expect(classes).toBe(4)
  expect(seen.toSorted()).toEqual(['0, 0', '0, 3', '1, 0', '1, 2'])
})

test('versions that give the bytes which are read the same content are one class', () => {
  const storage = new PowerFailMemory({ media: 4096, model: 'px86' })
  storage.write(0, bytes(1, 64))
  // 256 versions, of which half have the second word.
  expect(storage.cut().explore((left) => void read(left, 8, 8))).toMatchObject({ classes: 2, states: 256n })
})

test('a write of what is there already makes no difference to anybody', () => {
  const storage = new PowerFailMemory({ media: bytes(3, 4096), model: 'px86' })
  storage.write(0, bytes(3, 64))
  expect(storage.cut().explore((left) => void read(left, 0, 64))).toMatchObject({ classes: 1, states: 256n })
})

test('what the check has overwritten itself is not decided, and what lies beside it still is', () => {
  const storage = words(1)
  const seen = new Set<string>()
  const overwrite = storage.cut().explore((left) => {
    left.write(0, bytes(9, 4))
    read(left, 0, 4)
  })
  expect(overwrite.classes).toBe(1)
  storage.cut().explore((left) => {
    left.write(0, bytes(9, 4))
    seen.add(read(left, 0, 8))
  })
  expect([...seen].toSorted()).toEqual(['9 9 9 9 0 0 0 0', '9 9 9 9 1 1 1 1'])
})

test('each class says which it was, and how many states it stands for', () => {
  const storage = words(2)
  const classes: string[] = []
  let seen = ''
  const failure = storage.cut()
  failure.explore((left) => (seen = read(left, 64)), {
    onClass: (choices, states) => classes.push(`${seen}: ${JSON.stringify(choices)}, ${states}`),
  })
  expect(classes).toEqual(['0: [{"unit":64,"version":0}], 2', '2: [{"unit":64,"version":1}], 2'])
})

test('the choices of a check that found something lead to its state again', () => {
  const storage = words(3)
  const failure = storage.cut()
  let found = ''
  const check = (left: PowerFailMemory): void => {
    if (read(left, 128) !== '3' || read(left, 0) !== '0') return
    found = JSON.stringify(left.choices)
    throw new Error('the third without the first')
  }
  expect(() => failure.explore(check)).toThrow('the third without the first')
  const choices = JSON.parse(found) as PowerFailMemory['choices']
  expect(() => check(failure.state(choices))).toThrow('the third without the first')
  expect(failure.describe(choices)).toEqual([
    'line at byte 128: 1 of 1 stores durable',
    'line at byte 0: none of 1 stores durable',
  ])
})

test('a store that is durable in part is described by its bytes', () => {
  const storage = new PowerFailMemory({ media: 4096, model: 'px86' })
  storage.write(64, bytes(1))
  storage.write(64, bytes(2, 30))
  // Version 1 is the first write; then come the sets of the four words of the second, of which this is the fifth: the first and the third.
  const [line] = storage.cut().describe([{ unit: 64, version: 1 + 0b101 }])
  expect(line).toBe('line at byte 64: 1 of 2 stores, and of the next one the bytes 64-71, 80-87 durable')
})

test('lost and durable writes of buffered storage are described by their numbers', () => {
  const storage = new PowerFailMemory({ media: 4096, model: 'buffered' })
  storage.write(100, bytes(1))
  storage.write(200, bytes(1, 9))
  const fates = [
    { unit: 0, version: 0 },
    { unit: 1, version: 1 },
  ]
  expect(storage.cut().describe(fates)).toEqual([
    'write 0 of 8 bytes at 100: lost',
    'write 1 of 9 bytes at 200: durable',
  ])
})

test('the same check goes through the same classes each time', () => {
  const trace = (): string[] => {
    const seen: string[] = []
    words(5)
      .cut()
      .explore((left) => void seen.push(`${read(left, 0)} ${read(left, 192)}`))
    return seen
  }
  expect(trace()).toEqual(trace())
})

test('after so many classes the rest is sampled, as the seed says', () => {
  const run = (seed: number): { seen: string[]; result: unknown } => {
    const seen: string[] = []
    const check = (left: PowerFailMemory): void => {
      seen.push([0, 1, 2, 3, 4, 5, 6, 7].map((line) => read(left, line * 64)).join(''))
    }
    return { result: words(8).cut().explore(check, { limit: 5, samples: 20, seed }), seen }
  }
  const { result, seen } = run(7)
  expect(result).toEqual({ classes: 5, states: 5n, samples: 20, isExhaustive: false })
  expect(seen).toHaveLength(25)
  // Depth first the last lines change; samples reach the others.
  expect(new Set(seen.slice(0, 5).map((state) => state[0]))).toEqual(new Set(['0']))
  expect(new Set(seen.slice(5).map((state) => state[0]))).toEqual(new Set(['0', '1']))
  expect(run(7).seen).toEqual(seen)
  expect(run(8).seen).not.toEqual(seen)
})

test('a limit that is just enough is exhaustive', () => {
  const check = (left: PowerFailMemory): void => void read(left, 0)
  expect(words(1).cut().explore(check, { limit: 2 })).toMatchObject({ isExhaustive: true, samples: 0 })
  expect(words(1).cut().explore(check, { limit: 1 })).toMatchObject({ isExhaustive: false, samples: 1 })
})

/** A recovery that completes what a first record says, as a flog would: word 0 says so, word 64 is to be as it. */
function recover(storage: PowerFailMemory): void {
  if (read(storage, 0) === '0') return
  storage.write(64, bytes(1))
  storage.persist?.(64, 8)
  storage.write(0, bytes(0))
  storage.persist?.(0, 8)
}

test('the power may fail again in a recovery, at each of its calls', () => {
  const storage = new PowerFailMemory({ media: 4096, model: 'px86' })
  storage.write(0, bytes(1))
  storage.write(64, bytes(2, 8))
  const after = new Set<string>()
  const result = storage.cut().explore((left) => {
    // Between the write of the second word and its persist.
    if (read(left, 0) === '0') return
    left.write(64, bytes(1))
    left.cut().explore((again) => {
      const before = `${read(again, 0)} ${read(again, 64)}`
      recover(again)
      after.add(`${before}: ${read(again, 0)} ${read(again, 64)}`)
    })
  })
  expect([...after].toSorted()).toEqual(['1 0: 0 1', '1 1: 0 1', '1 2: 0 1'])
  // The second word is read only where the first is set: 0; and 1 with the second lost and there.
  expect(result).toEqual({ classes: 3, states: 4n, samples: 0, isExhaustive: true })
})

test('a check that does something else in the same state is found out', () => {
  let run = 0
  const changing = (left: PowerFailMemory): void => {
    if (run++ === 0) read(left, 0)
    read(left, 64)
  }
  expect(() => words(2).cut().explore(changing)).toThrow(InvariantError)
})

test('a check that stops earlier in the same state is found out', () => {
  let run = 0
  const stopping = (left: PowerFailMemory): void => {
    read(left, 0)
    if (run++ === 0) read(left, 64)
  }
  expect(() => words(2).cut().explore(stopping)).toThrow(InvariantError)
})

test('storage that outlives its check decides nothing any more', () => {
  let kept: PowerFailMemory | undefined
  words(2)
    .cut()
    .explore((left) => {
      kept = left
      read(left, 0)
    })
  expect(read(kept as PowerFailMemory, 0)).toBe('1')
  expect(() => read(kept as PowerFailMemory, 64)).toThrow(ClosedError)
})

test('a check that waits is refused', () => {
  expect(() =>
    words(1)
      .cut()
      // oxlint-disable-next-line typescript/no-misused-promises -- this is the misuse
      .explore(async () => {}),
  ).toThrow(/must not wait/)
})

const failure: PowerFailure = words(2).cut()

test.each([
  [[{ unit: 1, version: 0 }]],
  [[{ unit: 128, version: 0 }]],
  [[{ unit: 0, version: 2 }]],
  [[{ unit: 0, version: -1 }]],
  [[{ unit: 0, version: 0.5 }]],
  [
    [
      { unit: 0, version: 0 },
      { unit: 0, version: 1 },
    ],
  ],
  [{ unit: 0, version: 0 }],
  [undefined],
])('choices that are not of this failure are refused: %j', (choices) => {
  expect(() => failure.state(choices as [])).toThrow(TypeError)
  expect(() => failure.describe(choices as [])).toThrow(TypeError)
})

test.each([-1, 0.5, Number.NaN, 2 ** 53])('%d is no seed', (seed) => {
  expect(() => failure.sample(seed)).toThrow(TypeError)
  expect(() => failure.explore(() => {}, { seed })).toThrow(TypeError)
})

test.each([0, -1, 1.5, Number.NaN])('%d is no limit', (limit) => {
  expect(() => failure.explore(() => {}, { limit })).toThrow(TypeError)
})
