/** The same operations in two ways: by the atomic form, which does them at once where it can, and by the sleepable one, driven in the same way. */
import type { BlockOperations, BttDevice, LaneTable, LockTable, ReadTracking } from '@bttkit/interfaces'
import { isBttkitError } from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { BttEngine } from './engine.ts'
import { parts } from './engine.test-support.ts'
import { RecordingProvider, type RecordedCall } from './recorded-calls.test-support.ts'

/** What is read and written here. */
export type Operations = Pick<BlockOperations<void>, 'read' | 'write' | 'readBytes' | 'writeBytes' | 'zero'>

/** The sleepable form, driven as the atomic one is where it cannot be done at once. */
export function sleepably({ sleepable }: BttDevice): Operations {
  return {
    read: (lba, target, metadata) => runAtomic(sleepable.read(lba, target, metadata)),
    write: (lba, source, metadata) => runAtomic(sleepable.write(lba, source, metadata)),
    readBytes: (offset, target) => runAtomic(sleepable.readBytes(offset, target)),
    writeBytes: (offset, source) => runAtomic(sleepable.writeBytes(offset, source)),
    zero: (lba, count) => runAtomic(sleepable.zero(lba, count)),
  }
}

export const WAYS: readonly (readonly [string, (device: BttDevice) => Operations])[] = [
  ['at once', (device) => device.atomic],
  ['sleepably', sleepably],
]

/** What an operation ends with: the code and the message of its error, or nothing. */
export function endOf(operation: () => void): string | undefined {
  try {
    operation()
    return undefined
  } catch (error) {
    if (!isBttkitError(error)) throw error
    return `${error.code}: ${error.message}`
  }
}

/** Memory on a copy of the bytes. Where it has to be flushed is up to who wraps it. */
export const copyOf = (bytes: Uint8Array): MemoryProvider =>
  new MemoryProvider({ bytes: bytes.slice() }, 'memory')

/** Calls `onCall` before each call is made. */
export class WatchedProvider extends RecordingProvider {
  onCall: (call: RecordedCall) => void = () => {}

  protected override record(method: RecordedCall['method'], offset: number, length: number): void {
    super.record(method, offset, length)
    const call = this.calls.at(-1)
    if (call !== undefined) this.onCall(call)
  }
}

/** The tables of an engine's latest attachment, so that a test can hold what somebody else would. */
export interface Tables {
  lanes: LaneTable
  mapLocks: LockTable
  readTracking: ReadTracking
}

/** An engine, and where the tables of what it attaches are to be found. */
export function engineWithTables(): { engine: BttEngine; tables: Tables } {
  const words = new Int32Array(2)
  const tables: Tables = {
    lanes: parts.laneTable(words, { policy: 'first-idle' }),
    mapLocks: parts.lockTable(words),
    readTracking: parts.readTracking(words),
  }
  const engine = new BttEngine({
    laneTable: (...given) => (tables.lanes = parts.laneTable(...given)),
    lockTable: (...given) => (tables.mapLocks = parts.lockTable(...given)),
    readTracking: (...given) => (tables.readTracking = parts.readTracking(...given)),
  })
  return { engine, tables }
}
