/** What the main thread and the threads that serve the mount tell each other. */
import type { BttInfo, Zeroing } from '@bttkit/interfaces'
import type { CrowdMemory } from '@bttkit/fuse-kernel'
import type { Durability, ImageShare } from '@bttkit/stack'

/** Given to the serving thread when it starts. */
export interface ServerInput {
  readonly image: string
  readonly readOnly: boolean
  readonly directIo: boolean
  readonly durability: Durability
  /** Of an image with labels. */
  readonly namespace?: string | undefined
  readonly namespaceOffset?: number | undefined
  readonly zeroing?: Zeroing | undefined
  /** Modules of provider plugins; each thread loads them for itself. */
  readonly plugins: readonly string[]
  readonly statistics: SharedArrayBuffer
  readonly stop: SharedArrayBuffer
  /** Present where several threads serve. */
  readonly team?: Team | undefined
}

/** A thread among several that serve one mount. */
interface Team {
  /** 0 is the thread that attaches the image; the others stand by. */
  readonly member: number
  /** What one that stands by joins the image with. */
  readonly share?: ImageShare | undefined
  readonly crowd: CrowdMemory
  /** What all know of the files. */
  readonly files: SharedArrayBuffer
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
  /** The image is attached, or joined. The share is for the others of the team. */
  | { readonly attached: BttInfo; readonly share?: ImageShare | undefined }
  | { readonly failed: ServerFailure }
  /** Something went wrong for one request; the mount goes on. */
  | { readonly error: string }
  /** The loop has ended and the image is closed. */
  | { readonly ended: 'unmounted' | 'stopped' }
