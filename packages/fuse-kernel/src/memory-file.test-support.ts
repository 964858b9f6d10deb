import type { Sleepable, Wait } from '@bttkit/interfaces'
import type { FuseFile } from './session/fuse-file.ts'

/** A wait of the event loop: a timer, which nobody can block on. */
function delay(delayMs: number): Wait {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs)
  })
}

/** A file in memory. `delayMs` makes each operation sleep as long on the event loop; 0: it never sleeps. */
export class MemoryFile implements Required<FuseFile> {
  readonly name: string
  readonly size: number
  readonly readOnly: boolean
  readonly mode = 0o600
  readonly content: Uint8Array
  /** What was asked for: `read 0+512`. */
  readonly calls: string[] = []
  /** Thrown by the next operation. */
  failure: unknown
  /** Operations that are under way, and the most that there were. */
  underWay = 0
  mostUnderWay = 0
  private readonly delayMs: number
  private readonly keepsCalls: boolean
  private readonly onBegin: (() => void) | undefined

  constructor(
    name: string,
    content: Uint8Array,
    options: { readOnly?: boolean; delayMs?: number; keepsCalls?: boolean; onBegin?: () => void } = {},
  ) {
    this.name = name
    this.content = content
    this.size = content.length
    this.readOnly = options.readOnly ?? false
    this.delayMs = options.delayMs ?? 0
    this.keepsCalls = options.keepsCalls ?? false
    this.onBegin = options.onBegin
  }

  *read(offset: number, target: Uint8Array): Sleepable<void> {
    yield* this.begin('read', offset, target.length)
    target.set(this.content.subarray(offset, offset + target.length))
  }

  *write(offset: number, source: Uint8Array): Sleepable<void> {
    yield* this.begin('write', offset, source.length)
    this.content.set(source, offset)
  }

  *zero(offset: number, length: number): Sleepable<void> {
    yield* this.begin('zero', offset, length)
    this.content.fill(0, offset, offset + length)
  }

  *sync(): Sleepable<void> {
    yield* this.begin('sync', 0, 0)
  }

  private *begin(what: string, offset: number, length: number): Sleepable<void> {
    if (this.keepsCalls) this.calls.push(`${what} ${offset}+${length}`)
    const { failure } = this
    this.failure = undefined
    if (failure !== undefined) throw failure
    if (this.delayMs === 0) return
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay)
    this.onBegin?.()
    yield delay(this.delayMs)
    this.underWay--
  }
}
