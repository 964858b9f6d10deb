/**
 * What answers each request. The kernel remembers ENOSYS, the answer to all others, and does not ask again.
 */
import { SETATTR_IN } from '../protocol/attributes.ts'
import { IN_HEADER } from '../protocol/headers.ts'
import { INIT_IN } from '../protocol/init.ts'
import { HANDLE_IN, OPEN_IN } from '../protocol/open.ts'
import { Opcode } from '../protocol/opcodes.ts'
import { FALLOCATE_IN, LSEEK_IN } from '../protocol/space.ts'
import { READ_IN, WRITE_IN } from '../protocol/transfer.ts'
import {
  fallocate,
  flush,
  fsync,
  lseek,
  read,
  syncAll,
  write,
  type FileOperation,
} from './data-operations.ts'
import { ENOTTY } from './errno.ts'
import {
  changeDirectory,
  getattr,
  init,
  lookup,
  open,
  opendir,
  readdir,
  release,
  setattr,
  statfs,
  type ImmediateOperation,
} from './node-operations.ts'

export type Operation =
  /** `minLength`: bytes that a request has at least. */
  | { readonly minLength: number; readonly sleeps: false; readonly run: ImmediateOperation }
  | { readonly minLength: number; readonly sleeps: true; readonly run: FileOperation }

const now = (minLength: number, run: ImmediateOperation): Operation => ({ minLength, sleeps: false, run })
const later = (minLength: number, run: FileOperation): Operation => ({ minLength, sleeps: true, run })
const refused = now(IN_HEADER.size, changeDirectory)

/** By opcode. */
export const operations: readonly (Operation | undefined)[] = Object.assign([] as Operation[], {
  [Opcode.INIT]: now(INIT_IN.end, init),
  [Opcode.LOOKUP]: now(IN_HEADER.size + 1, lookup),
  [Opcode.GETATTR]: now(IN_HEADER.size, getattr),
  [Opcode.SETATTR]: now(SETATTR_IN.end, setattr),
  [Opcode.STATFS]: now(IN_HEADER.size, statfs),

  [Opcode.OPEN]: now(OPEN_IN.end, open),
  [Opcode.READ]: later(READ_IN.end, read),
  [Opcode.WRITE]: later(WRITE_IN.data, write),
  [Opcode.FALLOCATE]: later(FALLOCATE_IN.end, fallocate),
  [Opcode.LSEEK]: now(LSEEK_IN.end, lseek),
  [Opcode.FSYNC]: later(HANDLE_IN.end, fsync),
  [Opcode.FLUSH]: now(HANDLE_IN.end, flush),
  [Opcode.RELEASE]: now(HANDLE_IN.end, release),

  [Opcode.OPENDIR]: now(OPEN_IN.end, opendir),
  [Opcode.READDIR]: now(READ_IN.end, readdir),
  [Opcode.FSYNCDIR]: now(HANDLE_IN.end, release),
  [Opcode.RELEASEDIR]: now(HANDLE_IN.end, release),

  [Opcode.SYNCFS]: later(IN_HEADER.size, syncAll),
  [Opcode.DESTROY]: later(IN_HEADER.size, syncAll),
  // What a device says to a control that it does not have.
  [Opcode.IOCTL]: now(IN_HEADER.size, () => -ENOTTY),

  [Opcode.SYMLINK]: refused,
  [Opcode.MKNOD]: refused,
  [Opcode.MKDIR]: refused,
  [Opcode.UNLINK]: refused,
  [Opcode.RMDIR]: refused,
  [Opcode.RENAME]: refused,
  [Opcode.RENAME2]: refused,
  [Opcode.LINK]: refused,
  [Opcode.CREATE]: refused,
  [Opcode.TMPFILE]: refused,
})
