import type { MaybeSleep, Wait, WaitSubject } from '@bttkit/interfaces'
import { blockOn, waitOnce } from './following-waits.ts'
import type { ProviderCall } from './provider-call.ts'

/** A timer of 2^31 ms goes off at once. This is short enough that two delays of one call fit one timer. */
export const LONGEST_DELAY_MS = 2 ** 30 - 1

function subjectOf({ kinds, pieces }: ProviderCall): WaitSubject {
  const kind = (['read', 'write'] as const).find((known) => kinds.includes(known)) ?? 'flush'
  const [first = { offset: 0, length: 0 }, ...rest] = pieces
  let start = first.offset
  let end = first.offset + first.length
  for (const { offset, length } of rest) {
    start = Math.min(start, offset)
    end = Math.max(end, offset + length)
  }
  return { object: 'provider', kind, start, end }
}

/**
 * Sleeps, from when somebody waits for it, and then goes on with `next`. There is no `ready`: before it has slept, and what comes next is over, nothing knows.
 *
 * @param call the read, write or flush that sleeps. @param image its storage, for messages.
 */
export function sleepThen(delayMs: number, call: ProviderCall, image: string, next: () => MaybeSleep): Wait {
  const awaited = async (): Promise<void> => {
    await new Promise((resolve) => void setTimeout(resolve, delayMs))
    await next()
  }
  const blocked = (): void => {
    // Nobody else has this word, so the wait ends when its time is over.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs)
    blockOn(next(), image)
  }
  return waitOnce({ awaited, blocked, on: subjectOf(call) }, image)
}
