import type { ByteRange } from '@bttkit/interfaces'

/** lseek(2) with SEEK_DATA or SEEK_HOLE: the offset that it finds, from `offset` on, or the name of the errno. */
export type FindInFile = (what: 'data' | 'hole', offset: number) => number | string

/**
 * The parts of a range of a file that are no holes, in order and apart. Where the system does not tell, all that it does not tell about.
 */
export function findDataRanges(find: FindInFile, offset: number, length: number): ByteRange[] {
  const ranges: ByteRange[] = []
  const end = offset + length
  for (let from = offset; from < end;) {
    const data = find('data', from)
    if (data === 'ENXIO' || (typeof data === 'number' && data >= end)) break
    const start = typeof data === 'number' && data > from ? data : from
    const hole = typeof data === 'number' ? find('hole', start) : end
    const stop = typeof hole === 'number' && hole > start ? Math.min(hole, end) : end
    ranges.push({ offset: start, length: stop - start })
    from = stop
  }
  return ranges
}
