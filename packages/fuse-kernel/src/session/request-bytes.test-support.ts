import { runBlocking } from '@bttkit/sleepable'
import type { FuseExchange } from './fuse-exchange.ts'
import { REPLY_START } from './fuse-exchange.ts'
import type { FuseSession } from './fuse-session.ts'

const host = (length: number, fill: (view: DataView) => void): Uint8Array => {
  const bytes = new Uint8Array(length)
  fill(new DataView(bytes.buffer))
  return bytes
}

/** Words as a little-endian machine has them. */
export const u16 = (value: number): Uint8Array => host(2, (view) => view.setUint16(0, value, true))
export const u32 = (value: number): Uint8Array => host(4, (view) => view.setUint32(0, value, true))
export const i32 = (value: number): Uint8Array => host(4, (view) => view.setInt32(0, value, true))
export const u64 = (value: number | bigint): Uint8Array =>
  host(8, (view) => view.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true))
export const zeros = (length: number): Uint8Array => new Uint8Array(length)
export const text = (value: string): Uint8Array => Buffer.from(value, 'latin1')

export function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

const UNIQUE = 0x1122334455667788n

/** A request: its header, and a body of these parts. */
export function request(opcode: number, nodeId: number | bigint, ...body: Uint8Array[]): Uint8Array {
  const rest = join(...body)
  return join(
    u32(40 + rest.length), // length
    u32(opcode),
    u64(UNIQUE),
    u64(nodeId),
    u32(1000), // uid
    u32(1000), // gid
    u32(4242), // pid
    u16(0), // length of extensions
    u16(0), // padding
    rest,
  )
}

/** A successful reply with a body of these parts. */
export function reply(...body: Uint8Array[]): Uint8Array {
  const rest = join(...body)
  return join(u32(16 + rest.length), i32(0), u64(UNIQUE), rest)
}

/** A reply that refuses. */
export function refusal(errno: number): Uint8Array {
  return join(u32(16), i32(-errno), u64(UNIQUE))
}

/** Gives a request to a session; returns a copy of the reply. The room of the reply is filled with junk before. */
export function answer(
  session: FuseSession,
  requestBytes: Uint8Array,
  onError: (error: unknown) => void = () => undefined,
  exchange: FuseExchange = session.newExchange(),
): Uint8Array {
  exchange.bytes.fill(0xa5, REPLY_START, REPLY_START + 4096)
  exchange.bytes.set(requestBytes)
  exchange.requestLength = requestBytes.length
  runBlocking(session.handle(exchange, onError))
  return exchange.reply.slice()
}
