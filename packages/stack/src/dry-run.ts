/** Finding out whether a BTT can be laid out, before there is a file for it. */
import type { CreateOptions, Engine, PmemProvider } from '@bttkit/interfaces'
import { runAsync } from '@bttkit/sleepable'

/** Storage that is blank and stays so: what is written to it is gone. */
function blankStorage(name: string, size: number): PmemProvider {
  return {
    name,
    size,
    readOnly: false,
    capabilities: Object.freeze({
      atomicWriteBytes: 4096,
      tearGranularityBytes: 4096,
      sameLineOrdered: true,
      damagesNeighbours: false,
      mayWait: false,
      flush: 'none',
      persistBy: 'nothing',
      durableOnWrite: true,
      fencing: false,
      maxWritesInFlight: Infinity,
      atomicAccessBytes: 0,
    }),
    read(_, target) {
      target.fill(0)
      return undefined
    },
    write: () => undefined,
    zero: () => undefined,
    flush: () => undefined,
    close: () => undefined,
  }
}

/**
 * Lays out a BTT on storage that is not there, so that what the engine refuses leaves no blank file behind.
 *
 * @throws {LayoutError} as `Engine.create` would.
 */
export async function tryLayout(
  engine: Engine,
  image: string,
  sizeBytes: number,
  options: CreateOptions,
): Promise<void> {
  await runAsync(engine.create(blankStorage(image, sizeBytes), { ...options, onProgress: undefined }))
}
