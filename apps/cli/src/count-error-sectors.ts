import { isBttkitError } from '@bttkit/interfaces'
import type { Inspection } from '@bttkit/btt'
import { MAP_ENTRY_BYTES } from '@bttkit/btt-format'
import { withProgress, type CommonOptions } from '@bttkit/command-line'
import { runAsync } from '@bttkit/sleepable'

/** How many sectors the map marks as lost, or why nobody can tell. */
export type ErrorSectors = { readonly count: number } | { readonly unknown: string }

/** Reads the whole map. An image whose map cannot be read is described all the same. */
export function countErrorSectors(
  inspection: Inspection,
  options: Pick<CommonOptions, 'quiet' | 'progress' | 'json'>,
): Promise<ErrorSectors> {
  const totalBytes = inspection.info.sectorCount * MAP_ENTRY_BYTES
  return withProgress(options, { label: 'reading the map', totalBytes }, async (progress) => {
    try {
      const counting = inspection.countErrorSectors((done) => progress.update(done * MAP_ENTRY_BYTES))
      return { count: await runAsync(counting) }
    } catch (error) {
      if (!isBttkitError(error) || error.errno !== 'EIO') throw error
      return { unknown: error.message }
    }
  })
}
