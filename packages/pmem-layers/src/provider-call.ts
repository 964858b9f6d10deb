import type { CallStage } from '@bttkit/interfaces'

/** What a call asks for. `zero`, `writeFrom` and `writeMany` are writes, `persist` and `persistMany` are flushes; a `writeThrough` is both. */
export type CallKind = 'read' | 'write' | 'flush' | 'lock' | 'close'

export type CallMethod =
  | 'read'
  | 'readInto'
  | 'write'
  | 'writeFrom'
  | 'writeMany'
  | 'writeThrough'
  | 'zero'
  | 'flush'
  | 'persist'
  | 'persistMany'
  | 'lock'
  | 'close'

/** A range of a call, in bytes of the storage as the layer's caller sees it. */
export interface CallPiece {
  readonly offset: number
  readonly length: number
  /** What a write stores there; absent for zeros, and for all that is no write. */
  readonly source?: Uint8Array
}

/** What `PmemProvider.annotate` told about a call. */
export interface CallPurpose {
  readonly stage: CallStage
  /** Absent for a call in no lane. */
  readonly lane?: number
}

/** One call of a provider's method, as a layer sees it. */
export interface ProviderCall {
  readonly method: CallMethod
  /** In the order in which it does them: `write` and `flush` of a `writeThrough`, one of all others. */
  readonly kinds: readonly CallKind[]
  /** One for each range, in order: several only of a `writeMany` and a `persistMany`, none of a lock and of a close. A flush is about all of the storage. */
  readonly pieces: readonly CallPiece[]
  /** What it is for; absent where nobody told, and where the layer has no `annotate`. */
  readonly purpose?: CallPurpose
}
