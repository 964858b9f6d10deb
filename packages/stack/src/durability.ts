import type {
  AttachOptions,
  BttDevice,
  BttInfo,
  DeviceShare,
  DeviceStatistics,
  Zeroing,
} from '@bttkit/interfaces'
import { WriteBackDevice, type WriteBackOptions } from '@bttkit/write-back'

/** When a change is durable: when it is over, or when a flush is over that began after it. */
export type Durability = 'write' | 'flush'

export interface DurabilityOptions {
  /** With `flush`, writes gather in memory: see `WriteBackDevice`. Default `write`. */
  readonly durability?: Durability | undefined
  /** Of the memory, with `flush`. */
  readonly writeBack?: Pick<WriteBackOptions, 'limitBytes' | 'limitMs'> | undefined
  /** Whether the device will be driven by blocking calls: the provider may then flush on the calling thread, and nothing relies on timers. Default false. */
  readonly blocking?: boolean | undefined
}

type OpenOptions = AttachOptions & DurabilityOptions

/** An attached BTT with a write-back cache before it. Its counters are those of the BTT: what went on behind the cache. */
class WriteBackBtt extends WriteBackDevice implements BttDevice {
  readonly info: BttInfo
  readonly mayWait: boolean
  readonly zeroing: Zeroing
  private readonly device: BttDevice

  constructor(device: BttDevice, options: WriteBackOptions) {
    super(device, options)
    this.device = device
    this.info = device.info
    this.mayWait = device.mayWait
    this.zeroing = device.zeroing
  }

  statistics(): DeviceStatistics {
    return this.device.statistics()
  }

  share(): DeviceShare {
    throw new TypeError(`${this.info.image}: the durability mode flush is for one thread`)
  }
}

/** @throws {TypeError} for a mode that is none, or one that does not go with the other options */
export function checkDurability({ durability = 'write', threads }: OpenOptions): void {
  if (durability !== 'write' && durability !== 'flush')
    throw new TypeError(`a durability mode is 'write' or 'flush', not '${String(durability)}'`)
  if (durability === 'flush' && threads === true)
    throw new TypeError('the durability mode flush is for one thread; other threads cannot join')
}

/** The device as durable as the options say. One for reading has nothing to gather. */
export function withDurability(device: BttDevice, options: OpenOptions): BttDevice {
  const { durability, writeBack, blocking } = options
  if (durability !== 'flush' || device.readOnly) return device
  return new WriteBackBtt(device, { ...writeBack, blocking })
}
