/**
 * One request and its reply, in one buffer that is used again and again:
 *
 *     0       40                              4080      4096
 *     | request: header, body, data of a WRITE …                      |
 *                                             | reply header | body … |
 *
 * Invariants:
 * - The reply is written only after the last use of the request: the data of a WRITE lies where the reply will be.
 *   The header of the request is never overwritten.
 * - A READ is filled in at byte 4096 directly: request and data do not meet, and header and data are one write(2).
 */
import { copyU64, getU32, setI32, setU32 } from '../protocol/host-words.ts'
import { IN_HEADER, OUT_HEADER } from '../protocol/headers.ts'
import { HEADER_ROOM_BYTES, MAX_TRANSFER_BYTES } from '../protocol/limits.ts'
import { WRITE_IN } from '../protocol/transfer.ts'
import type { FileOperation } from './data-operations.ts'

/** Where the body of a reply begins. */
export const REPLY_BODY = HEADER_ROOM_BYTES
/** Where a reply begins. */
export const REPLY_START = HEADER_ROOM_BYTES - OUT_HEADER.size

export class FuseExchange {
  /** Large enough for every request that INIT allows, and for every reply. */
  readonly bytes = new Uint8Array(HEADER_ROOM_BYTES + MAX_TRANSFER_BYTES)
  readonly view = new DataView(this.bytes.buffer)
  /** Bytes of the request at the start of `bytes`. */
  requestLength = 0
  /** Bytes of the reply from `REPLY_START` on; 0 for a request that is not answered. */
  replyLength = 0
  /** Whose stop the request asks for, by looking up a name; see `stop-flag.ts`. */
  stopToken: string | undefined
  /** What answers the request when its file is done with it. */
  underWay: FileOperation | undefined
  /** Bytes that a READ or WRITE under way moves. */
  transferLength = 0
  /** Made again only for another length: most requests are as long as the one before. */
  private sourceView = this.bytes.subarray(0, 0)
  private targetView = this.bytes.subarray(0, 0)

  get opcode(): number {
    return getU32(this.view, IN_HEADER.opcode)
  }

  /** The thread that made the request, by its number; 0 where it was the kernel by itself. */
  get caller(): number {
    return getU32(this.view, IN_HEADER.pid)
  }

  /** The data of a WRITE, where it lies in the request; of later requests as well. */
  source(length: number): Uint8Array {
    if (this.sourceView.length !== length)
      this.sourceView = this.bytes.subarray(WRITE_IN.data, WRITE_IN.data + length)
    return this.sourceView
  }

  /** Room in the reply for the data of a READ; of later requests as well. */
  target(length: number): Uint8Array {
    if (this.targetView.length !== length)
      this.targetView = this.bytes.subarray(REPLY_BODY, REPLY_BODY + length)
    return this.targetView
  }

  /** Completes the reply: `outcome` is the length of the body, or a negative errno. */
  finish(outcome: number): void {
    const bodyLength = Math.max(outcome, 0)
    this.replyLength = OUT_HEADER.size + bodyLength
    setU32(this.view, REPLY_START + OUT_HEADER.length, this.replyLength)
    setI32(this.view, REPLY_START + OUT_HEADER.error, Math.min(outcome, 0))
    copyU64(this.view, REPLY_START + OUT_HEADER.unique, IN_HEADER.unique)
  }

  /** The reply, until the next request. */
  get reply(): Uint8Array {
    return this.bytes.subarray(REPLY_START, REPLY_START + this.replyLength)
  }
}
