import { expect, test } from 'vitest'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { explorePoints, type CrashPoint } from './explore-points.ts'

const word = Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1)

/** Two words of two lines are in flight. The recovery looks at the first one, and stores a third where it is there. */
function twoWords(): CrashPoint {
  const memory = new PowerFailMemory({ media: 4096, model: 'px86' })
  memory.write(0, word)
  memory.write(64, word)
  return {
    operation: 0,
    when: 'after two words',
    failure: memory.cut(),
    judge(storage, onRecoveryStore) {
      const first = new Uint8Array(1)
      storage.read(0, first)
      if (first[0] === 0) return undefined
      storage.write(128, word)
      onRecoveryStore?.()
      return undefined
    },
  }
}

test('a recovery counts once for each state that it stands for', () => {
  const result = explorePoints([twoWords()], { duringRecovery: true })
  expect(result).toMatchObject({ points: 1, classes: 2, states: 4n, isExhaustive: true })
  // With the first word there are two states, as nobody looks at the second. In each, the third word is there or not, and nobody looks at that.
  expect(result.recovery).toEqual({ points: 1, classes: 1, states: 4n })
})

test('recoveries are left alone where nobody asks for them', () => {
  expect(explorePoints([twoWords()], {}).recovery).toEqual({ points: 0, classes: 0, states: 0n })
})

test('the sum goes over all points', () => {
  expect(explorePoints([twoWords(), twoWords()], { duringRecovery: true })).toMatchObject({
    points: 2,
    classes: 4,
    states: 8n,
    recovery: { points: 2, classes: 2, states: 8n },
  })
})
