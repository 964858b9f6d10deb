/** A pair of connected sockets over which another process sends a file descriptor. */
import type Koffi from 'koffi'
import { MountError } from '@bttkit/interfaces'

/** Both ends are the caller's to close. */
export interface DescriptorSocket {
  readonly ownEnd: number
  readonly childEnd: number
  /** The descriptor that was sent; does not wait for one. @throws {MountError} (EIO) when there is none. */
  receiveDescriptor(): number
}

const AF_UNIX = 1
const SOCK_STREAM = 1
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const MSG_DONTWAIT = 0x40
/** The received descriptor is not inherited by children. */
const MSG_CMSG_CLOEXEC = 0x40000000

/** `struct cmsghdr` with one descriptor, for 64-bit Linux: u64 length, i32 level, i32 type, i32 descriptor, padding. */
const CONTROL = { level: 8, type: 12, descriptor: 16, size: 24 } as const

/** `struct iovec`, for 64-bit Linux: u64 address, u64 length. */
const IOVEC = { base: 0, length: 8, size: 16 } as const

/** `struct msghdr`, for 64-bit Linux. */
const MESSAGE = {
  // u64 name at 0, u32 length of the name at 8, padding: none
  /** u64 address */
  iovec: 16,
  /** u64 */
  iovecCount: 24,
  /** u64 address */
  control: 32,
  /** u64: room, and after the call what was received */
  controlLength: 40,
  // i32 flags at 48
  size: 56,
} as const

async function loadKoffi(): Promise<typeof Koffi> {
  try {
    return (await import('koffi')).default
  } catch (error) {
    const remedy = 'install the npm package koffi, or run as root'
    throw new MountError(
      {},
      `mounting without root needs koffi, which cannot be loaded; ${remedy}`,
      'ENOSYS',
      {
        cause: error,
      },
    )
  }
}

const littleEndian = true

/** Makes a pair of sockets. @throws {MountError} ENOSYS where koffi cannot be loaded; EIO */
export async function loadDescriptorSocket(): Promise<DescriptorSocket> {
  const koffi = await loadKoffi()
  const libc = koffi.load(null)
  const socketpair = libc.func('int socketpair(int domain, int type, int protocol, int *pair)')
  const recvmsg = libc.func('intptr_t recvmsg(int socket, void *message, int flags)')
  const pair = new Int32Array(2)
  if (Number(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) !== 0) {
    throw new MountError({}, 'cannot make a socket to receive the FUSE device on', 'EIO')
  }
  const [ownEnd = -1, childEnd = -1] = pair

  const receiveDescriptor = (): number => {
    // All four live until recvmsg has returned: the addresses in them keep nothing alive.
    const data = new Uint8Array(8)
    const control = new DataView(new ArrayBuffer(CONTROL.size))
    const iovec = new DataView(new ArrayBuffer(IOVEC.size))
    const message = new DataView(new ArrayBuffer(MESSAGE.size))
    iovec.setBigUint64(IOVEC.base, koffi.address(data), littleEndian)
    iovec.setBigUint64(IOVEC.length, BigInt(data.length), littleEndian)
    message.setBigUint64(MESSAGE.iovec, koffi.address(iovec.buffer), littleEndian)
    message.setBigUint64(MESSAGE.iovecCount, 1n, littleEndian)
    message.setBigUint64(MESSAGE.control, koffi.address(control.buffer), littleEndian)
    message.setBigUint64(MESSAGE.controlLength, BigInt(CONTROL.size), littleEndian)
    const received = Number(recvmsg(ownEnd, new Uint8Array(message.buffer), MSG_DONTWAIT | MSG_CMSG_CLOEXEC))
    const isDescriptor =
      control.getInt32(CONTROL.level, littleEndian) === SOL_SOCKET &&
      control.getInt32(CONTROL.type, littleEndian) === SCM_RIGHTS
    if (received < 0 || !isDescriptor) throw new MountError({}, 'fusermount3 sent no FUSE device', 'EIO')
    return control.getInt32(CONTROL.descriptor, littleEndian)
  }
  return { ownEnd, childEnd, receiveDescriptor }
}
