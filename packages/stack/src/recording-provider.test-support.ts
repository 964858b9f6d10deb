/** Storage that writes down what is done to its life cycle, and fails where a test wants it to. */
import {
  defineProviderPlugin,
  type LockMode,
  type MaybeSleep,
  type ProviderOpenOptions,
  type ProviderPlugin,
} from '@bttkit/interfaces'
import { MemoryProvider } from '@bttkit/pmem-memory'

export const MIB = 2 ** 20

export interface RecordingOptions {
  /** What the storage holds; other openings see what this one wrote. */
  readonly bytes?: Uint8Array
  readonly failingLock?: Error
  readonly failingClose?: Error
}

class RecordingProvider extends MemoryProvider {
  private readonly log: string[]
  private readonly options: RecordingOptions

  constructor(bytes: Uint8Array, readOnly: boolean, log: string[], options: RecordingOptions) {
    super({ bytes, readOnly }, 'recording')
    this.log = log
    this.options = options
  }

  lock(mode: LockMode): MaybeSleep {
    this.log.push(`lock ${mode}`)
    if (this.options.failingLock !== undefined) throw this.options.failingLock
    return undefined
  }

  override close(): undefined {
    this.log.push('close')
    super.close()
    if (this.options.failingClose !== undefined) throw this.options.failingClose
  }
}

/** A plugin for `recording:`, and what was done so far. */
export interface Recording {
  readonly plugin: ProviderPlugin
  readonly log: string[]
  /** What each opening was asked for. */
  readonly openings: ProviderOpenOptions[]
}

export function recording(options: RecordingOptions = {}): Recording {
  const log: string[] = []
  const openings: ProviderOpenOptions[] = []
  const bytes = options.bytes ?? new Uint8Array(17 * MIB)
  return {
    log,
    openings,
    plugin: defineProviderPlugin({
      name: 'recording',
      schemes: ['recording'],
      parameters: {},
      open: async (_, openOptions) => {
        log.push('open')
        openings.push(openOptions)
        return new RecordingProvider(bytes, openOptions.readOnly, log, options)
      },
    }),
  }
}
