/**
 * The token of one thread, in words that it shares with its controller: who of the two runs, and what the other one wants.
 *
 * Invariants:
 * - Whoever has the token runs, the other sleeps. The token is handed over by its holder only, with all that the other shall know stored before.
 * - A thread has the token from the start of a program or the grant of an access up to its next request. So between two grants it makes one access.
 * - A thread that was told to go gives every access up by throwing, so it runs to its end without touching the words.
 */

/** What a thread wants, or has come to. */
const REQUESTS = [
  'ended',
  'failed',
  'load',
  'store',
  'add',
  'or',
  'exchange',
  'compareExchange',
  'wait',
  'notify',
] as const
export type RequestKind = (typeof REQUESTS)[number]

/** What a controller wants. */
const ORDERS = ['start', 'grant', 'go'] as const
export type Order = (typeof ORDERS)[number]

/** A line of the cache for each thread. */
const TOKEN_WORDS = 16
const TEXT_BYTES = 1024
const THREAD_BYTES = 4 * TOKEN_WORDS + TEXT_BYTES

const AT = { holder: 0, order: 1, request: 2, word: 3, value: 4, answer: 5, textBytes: 6 } as const
const CONTROLLER = 0
const THREAD = 1
/** Looks before one sleeps: the other mostly needs less time than a system call takes. */
const SPINS = 200

export class WordToken {
  private readonly words: Int32Array
  private readonly text: Uint8Array

  static bytesFor(threads: number): number {
    return threads * THREAD_BYTES
  }

  /** @param buffer of zeros at first: the controllers have the tokens */
  constructor(buffer: SharedArrayBuffer, thread: number) {
    this.words = new Int32Array(buffer, thread * THREAD_BYTES, TOKEN_WORDS)
    this.text = new Uint8Array(buffer, thread * THREAD_BYTES + 4 * TOKEN_WORDS, TEXT_BYTES)
  }

  // For the thread.

  /** Asks for an access, or says how the program ended, and waits for the next order. */
  request(kind: RequestKind, word = 0, value = 0): Order {
    this.words[AT.request] = REQUESTS.indexOf(kind)
    this.words[AT.word] = word
    this.words[AT.value] = value
    this.handOver(CONTROLLER)
    return this.nextOrder()
  }

  nextOrder(): Order {
    this.waitFor(THREAD, Infinity)
    return ORDERS[this.words[AT.order] ?? 0] ?? 'go'
  }

  /** What came of a wait or a notification. */
  get answer(): number {
    return this.words[AT.answer] ?? 0
  }

  // For the controller.

  /** Lets the thread run up to its next request; whether that came within the time. */
  letRun(order: Order, answer = 0, limitMs = Infinity): boolean {
    this.words[AT.order] = ORDERS.indexOf(order)
    this.words[AT.answer] = answer
    this.handOver(THREAD)
    return this.waitFor(CONTROLLER, limitMs)
  }

  get requested(): RequestKind {
    return REQUESTS[this.words[AT.request] ?? 0] ?? 'ended'
  }

  /** The word that it is about. */
  get word(): number {
    return this.words[AT.word] ?? 0
  }

  /** What a wait expects, and how many a notification wakes. */
  get value(): number {
    return this.words[AT.value] ?? 0
  }

  // For both: a name or a sentence that goes with an order or a request.

  writeText(text: string): void {
    const bytes = new TextEncoder().encode(text).subarray(0, TEXT_BYTES)
    this.text.set(bytes)
    this.words[AT.textBytes] = bytes.length
  }

  readText(): string {
    return new TextDecoder().decode(this.text.slice(0, this.words[AT.textBytes]))
  }

  private handOver(to: number): void {
    Atomics.store(this.words, AT.holder, to)
    Atomics.notify(this.words, AT.holder)
  }

  private waitFor(holder: number, limitMs: number): boolean {
    const other = holder === THREAD ? CONTROLLER : THREAD
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(this.words, AT.holder) === holder) return true
    // The other one may notify for what we have seen already, and not yet for what we wait for.
    while (Atomics.load(this.words, AT.holder) !== holder)
      if (Atomics.wait(this.words, AT.holder, other, limitMs) === 'timed-out') return false
    return true
  }
}
