import type { BlockDevice } from './block-device.ts'
import type { LanePolicy, LaneStatistics } from './lane-table.ts'
import type { PmemProvider } from './pmem-provider.ts'
import type { Sleepable } from './wait.ts'

/** What an info block says, with where it is. All sizes and offsets are bytes; the `…off` fields count from the arena's start. */
export interface ArenaInfo {
  /** Byte of the storage at which the arena starts. */
  readonly offset: number
  /** From the info block to the end of its backup. */
  readonly size: number
  readonly uuid: string
  readonly parentUuid: string
  readonly flags: number
  readonly major: number
  readonly minor: number
  readonly externalLbasize: number
  readonly externalNlba: number
  readonly internalLbasize: number
  readonly internalNlba: number
  readonly nfree: number
  readonly infosize: number
  readonly nextoff: number
  readonly dataoff: number
  readonly mapoff: number
  readonly logoff: number
  readonly info2off: number
  /** Hexadecimal, with 0x. */
  readonly checksum: string
}

export type BttState =
  /** Nothing to do at attach. */
  | 'clean'
  /** Writes were interrupted; an attach for writing completes them, a read-only one reads as if it had. */
  | 'needs-recovery'
  /** Something keeps it from being written. */
  | 'error'

/** What `btt info --json` prints. */
export interface BttInfo {
  readonly image: string
  /** Byte of the storage at which the info block of arena 0 is. */
  readonly namespaceOffset: number
  readonly format: {
    readonly version: string
    /** Who wrote it, as far as it can be told. */
    readonly dialect: 'kernel' | 'pmdk'
    /** The two slots of a flog group that are in use. */
    readonly logLayout: '0,1' | '0,2'
  }
  readonly sectorSize: number
  readonly metadataSize: number
  readonly sectorCount: number
  readonly state: BttState
  /** One sentence each: what is wrong with the image, as far as attach looks. */
  readonly problems: readonly string[]
  readonly arenas: readonly ArenaInfo[]
}

/** How whole sectors are made to read as zeros. */
export type Zeroing =
  /** Their map entries say zero, and their blocks stay as they are: a few bytes a sector. */
  | 'flags'
  /**
   * Zeros are written, as by any write, and no map entry says zero afterwards; sectors that were never written, and whose block on the media is all zeros, are left
   * alone. For images that Linux shall read: of a read of several sectors of less than 4096 bytes, its driver does not fill what comes behind a zero entry, and reports success.
   */
  | 'data'

/** What a sector reads as that was never written. */
export type InitialSectors =
  /** Zeros. */
  | 'zeros'
  /** Whatever is in the block of its own number, as Linux does: perhaps somebody's old data. */
  | 'identity'

export interface AttachOptions {
  /** Where the info block of arena 0 is, in bytes; default: probe. */
  readonly namespaceOffset?: number | undefined
  /** Default false. A read-only attach writes nothing; interrupted writes are completed in memory. */
  readonly readOnly?: boolean | undefined
  /** Default `first-idle`. */
  readonly lanePolicy?: LanePolicy | undefined
  /** Default and most: the smallest nfree of all arenas, at most 256. */
  readonly laneCount?: number | undefined
  /** Default `zeros`. */
  readonly initialSectors?: InitialSectors | undefined
  /** Default: `data` where Linux may read the image and gets zero entries wrong, which is for sectors of less than 4096 bytes outside a pool of libpmemblk; else `flags`. */
  readonly zeroing?: Zeroing | undefined
  /** How long an operation waits for a lane, in milliseconds, before it fails with `WaitTimedOutError`. Default: no limit. */
  readonly laneWaitLimitMs?: number | undefined
  /** Whether to measure how lanes are used (`DeviceStatistics.lanes`); it costs each operation two looks at the clock. Default false. */
  readonly measureLanes?: boolean | undefined
  /** Writes even under a lane table that does not keep tasks apart, or whose holder may not sleep: to reproduce what goes wrong. Default false. */
  readonly allowUnsafeLanes?: boolean | undefined
  /**
   * Whether other threads of this process may join (`BttDevice.share`, `Engine.join`). Operations then may wait for another thread at any time,
   * so the atomic form is refused. Default false.
   */
  readonly threads?: boolean | undefined
  /**
   * The most memory for parts of the map that were used, in bytes, for all threads; 5 bytes keep the entry of a sector. Default 64 MiB, 0 is none, and so is too little for a line of
   * each map lock. Storage with a `mapping` gets none.
   */
  readonly mapCacheBytes?: number | undefined
}

/** What another thread needs to join an attachment: a message for it. Made by `BttDevice.share`, of use to the same version of the engine only. */
export interface DeviceShare {
  readonly image: string
  /** The volatile state that the threads share. */
  readonly state: SharedArrayBuffer
  readonly description: unknown
}

export interface CreateOptions {
  /** Bytes of a sector with its metadata. Default 4096. */
  readonly externalLbasize?: number | undefined
  /** Default 1.1. */
  readonly version?: '1.1' | '2.0' | undefined
  /** Default: a random one. */
  readonly uuid?: string | undefined
  /** Default: the null UUID. */
  readonly parentUuid?: string | undefined
  /** Spare blocks an arena; default 256. */
  readonly nfree?: number | undefined
  /** Where to put the info block of arena 0, in bytes; default: where the version has it. */
  readonly namespaceOffset?: number | undefined
  /** Overwrite whatever is there. */
  readonly force?: boolean | undefined
  /** Called now and then with the bytes done and to do. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined
}

/** Counters of one thread's part in an attachment, since it was made or joined. */
export interface DeviceCounters {
  readonly reads: number
  readonly writes: number
  readonly zeroes: number
  readonly bytesRead: number
  readonly bytesWritten: number
  /** Flushes, and persists of a range, asked of the provider. */
  readonly flushes: number
  readonly lanesInUse: number
}

export interface DeviceStatistics extends DeviceCounters {
  /** By lane, of all threads; empty unless `AttachOptions.measureLanes`. */
  readonly lanes: readonly LaneStatistics[]
}

/** An attached BTT. */
export interface BttDevice extends BlockDevice {
  /** As it was when attach had finished: an attach for writing that recovered leaves it `clean`. */
  readonly info: BttInfo
  /** Whether operations may wait for the provider; where not, the atomic form is always to be had. */
  readonly mayWait: boolean
  /** How `zero` and `zeroBytes` make whole sectors zeros. */
  readonly zeroing: Zeroing
  /** @param countsLanes whether `lanesInUse` is wanted, or stays 0. Lanes that threads share are looked at one by one, which takes longer than a request. Default: true. */
  statistics(countsLanes?: boolean): DeviceStatistics
  /**
   * For `Engine.join` on other threads of this process.
   *
   * A thread that ends, however it does, keeps nothing: what it held is found and put in order by the others. `close` on the thread that attached closes
   * the device for all of them; on a thread that joined it ends that thread's part.
   *
   * @throws {TypeError} when it was not attached for threads, or on a thread that joined; {ClosedError}
   */
  share(): DeviceShare
}

/** What attaches and makes BTTs. */
export interface Engine {
  /**
   * Finds a BTT on the storage and attaches it. Never formats; writes only what recovery has to. The caller holds the storage's lock.
   *
   * @throws {NotABttError} {AmbiguousBttError} {InfoBlockError} {FlogError} {WriteRefusedError} {UnsafeProviderError} {UnsafeLanesError}
   * {PoolWithoutLayoutError}
   */
  attach(provider: PmemProvider, options?: AttachOptions): Sleepable<BttDevice>

  /**
   * Takes part in an attachment that another thread of this process made. `provider` is this thread's own way to the same storage, opened without
   * a lock; closing the device closes it.
   *
   * @throws {TypeError} for a share that this engine did not make, or storage that has not this BTT; {ClosedError} when the device was closed meanwhile;
   * {LaneMisuseError} when there are too many threads; {UnsafeProviderError}
   */
  join(provider: PmemProvider, share: DeviceShare): Sleepable<BttDevice>

  /**
   * Lays out a BTT. Interrupted at any point it leaves no BTT or the whole one.
   *
   * @throws {AlreadyInUseError} when the storage holds something, unless forced; {LayoutError} {UnsafeProviderError} {ReadOnlyError}
   */
  create(provider: PmemProvider, options?: CreateOptions): Sleepable<void>
}
