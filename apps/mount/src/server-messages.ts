/** What the main thread and the thread that serves the mount tell each other. */
import type { BttInfo, Zeroing } from '@bttkit/interfaces'
import type { Durability } from '@bttkit/stack'

/** Given to the serving thread when it starts. */
export interface ServerInput {
  readonly image: string
  readonly readOnly: boolean
  readonly directIo: boolean
  readonly durability: Durability
  readonly namespaceOffset?: number | undefined
  readonly zeroing?: Zeroing | undefined
  /** Modules of provider plugins; each thread loads them for itself. */
  readonly plugins: readonly string[]
  readonly statistics: SharedArrayBuffer
  readonly stop: SharedArrayBuffer
}

export type ServerCommand =
  /** The mount is made: serve this descriptor. */
  | { readonly serve: number }
  /** There will be no mount: close the image and end. */
  | 'close'

/** A failure as it crosses threads, where classes do not. */
export interface ServerFailure {
  /** POSIX name; absent where nothing of the kind applies, as for a plugin that cannot be loaded. */
  readonly errno?: string
  readonly message: string
}

export type ServerMessage =
  | { readonly attached: BttInfo }
  | { readonly failed: ServerFailure }
  /** Something went wrong for one request; the mount goes on. */
  | { readonly error: string }
  /** The loop has ended and the image is closed. */
  | { readonly ended: 'unmounted' | 'stopped' }
