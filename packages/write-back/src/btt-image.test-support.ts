/** A small BTT that tests begin with, and the engine for it. */
import { engineWithLanes } from '@bttkit/checker-lanes'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'

export const SECTOR_SIZE = 512
export const METADATA_SIZE = 8

export const engine = engineWithLanes({ table: 'mutex', laneCount: 4 })

const prepared = new MemoryProvider({ size: 17 * 2 ** 20 }, 'prepared')
runAtomic(engine.create(prepared, { externalLbasize: SECTOR_SIZE + METADATA_SIZE, nfree: 4 }))

/** The bytes of an image whose sectors are all zeros. */
export const freshImage = (): Uint8Array => prepared.mapping.slice()
