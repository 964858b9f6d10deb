/**
 * Waiting, as a value.
 *
 * An operation of bttkit is a generator that yields exactly when it has to wait. Whoever drives it decides what
 * waiting means: refuse it, block the thread, await it, or let a checker choose who goes on.
 */

/** What kind of thing a wait, or a scheduling point, is about. */
export type WaitObject = 'provider' | 'lane' | 'map-lock' | 'read-tracking' | 'commit' | 'word' | 'wake-up'

/** What is done to it. Two steps depend on each other unless both only read, or their ranges are apart. */
export type WaitKind = 'read' | 'write' | 'flush' | 'acquire' | 'release'

/** What is waited for: an object, what is done to it, and which part of it. */
export interface WaitSubject {
  readonly object: WaitObject
  readonly kind: WaitKind
  /** First byte of the provider, lane number, map lock number, internal block, or number of a word that threads share. */
  readonly start: number
  /** One past the last. */
  readonly end: number
}

/**
 * What an operation waits for. A plain promise is one.
 *
 * - `block()` waits on the calling thread until the wait is over. Absent where only the event loop can end it.
 * - `ready()` says whether the wait is over already. Absent where only the promise knows.
 * - `on` says what is waited for.
 * - `isPreemption` says that nothing is waited for: it is a point where others may run. Who must not sleep may still be preempted.
 *
 * `then` and `block` report a failure the same way: a rejection and a thrown error of one kind. A wait may be
 * lazy (a flush that starts when `then` or `block` is first called); whoever receives one must call one of them.
 */
export type Wait = PromiseLike<unknown> & {
  block?(): void
  ready?(): boolean
  readonly on?: WaitSubject
  readonly isPreemption?: true
}

/** `undefined` when the call finished at once, else what to wait for. */
export type MaybeSleep = Wait | undefined

/** An operation that yields exactly when it has to wait, and returns a `T`. */
export type Sleepable<T> = Generator<Wait, T, unknown>
