/** What a call asks for. `zero`, `writeFrom` and `writeMany` are writes, `persist` is a flush. */
export type CallKind = 'read' | 'write' | 'flush' | 'lock' | 'close'

export type CallMethod =
  | 'read'
  | 'readInto'
  | 'write'
  | 'writeFrom'
  | 'writeMany'
  | 'zero'
  | 'flush'
  | 'persist'
  | 'lock'
  | 'close'

/** A range of a call, in bytes of the storage as the layer's caller sees it. */
export interface CallPiece {
  readonly offset: number
  readonly length: number
  /** What a write stores there; absent for zeros, and for all that is no write. */
  readonly source?: Uint8Array
}

/** One call of a provider's method, as a layer sees it. */
export interface ProviderCall {
  readonly method: CallMethod
  readonly kind: CallKind
  /** One for each range, in order: several only of a `writeMany`, none of a lock and of a close. A flush is about all of the storage. */
  readonly pieces: readonly CallPiece[]
}
