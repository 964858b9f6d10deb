/** Operations that go in and out of a device, and the thread that closes it for all. An operation inside touches the device: a word that is 1 when it is gone. */
import { OperationGate, SharedGate } from '@bttkit/btt'
import { ClosedError } from '@bttkit/interfaces'
import type { ThreadBody, WordProgram, WordPrograms } from '@bttkit/checker-lanes'
import { runBlocking } from '@bttkit/sleepable'
import { firstInUse, place } from './thread-steps.ts'

const IS_GONE = SharedGate.WORDS

type Use = (gate: OperationGate, touchDevice: () => void) => void

const close: Use = (gate, touchDevice) => {
  touchDevice()
  runBlocking(gate.close())
}

/** Operations that one thread has under way together. */
const operate =
  (together: number): Use =>
  (gate, touchDevice) => {
    for (let inside = 0; inside < together; inside++) {
      try {
        gate.admit()
      } catch (error) {
        if (!(error instanceof ClosedError)) throw error
        for (; inside > 0; inside--) gate.leave()
        return
      }
    }
    touchDevice()
    for (let left = 0; left < together; left++) gate.leave()
  }

function gateProgram(uses: readonly Use[]): WordProgram {
  const body =
    (use: Use, index: number): ThreadBody =>
    (words, atomics) => {
      const shared = new SharedGate(words.subarray(0, SharedGate.WORDS), place(index + 1), atomics)
      const closes = use === close
      const gate = new OperationGate({ image: 'words', mayWait: true, shared, closesForAll: closes })
      use(gate, () => {
        if (atomics.load(words, IS_GONE) === 1) throw new Error('an operation is inside a closed device')
      })
      if (closes) atomics.store(words, IS_GONE, 1)
    }
  return {
    wordCount: SharedGate.WORDS + 1,
    threads: uses.map(body),
    check: (words) =>
      firstInUse(
        'the count of thread',
        words.subarray(1, SharedGate.WORDS).map((count) => count),
      ),
  }
}

export const GATE_PROGRAMS: WordPrograms = {
  'closing and an operation': gateProgram([close, operate(1)]),
  'closing and two operations of a thread': gateProgram([close, operate(2)]),
  'closing and operations of two threads': gateProgram([close, operate(1), operate(1)]),
}
