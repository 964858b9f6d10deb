const KIBI = 1024
const KILO = 1000

/**
 * Bytes in one of each unit. A bare letter means powers of 1024, as in dd, truncate and qemu-img; only the full
 * spelling with `B` and without `i` means powers of 1000. Case matters in the full spellings: `Mb` is a megabit to
 * some, so it is nothing here.
 */
const UNIT_BYTES: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ...['k', 'K', 'KiB'].map((unit) => [unit, KIBI] as const),
  ...['m', 'M', 'MiB'].map((unit) => [unit, KIBI ** 2] as const),
  ...['g', 'G', 'GiB'].map((unit) => [unit, KIBI ** 3] as const),
  ...['t', 'T', 'TiB'].map((unit) => [unit, KIBI ** 4] as const),
  ...['kB', 'KB'].map((unit) => [unit, KILO] as const),
  ['MB', KILO ** 2],
  ['GB', KILO ** 3],
  ['TB', KILO ** 4],
])

/**
 * Reads a size as people write it: `512`, `4k`, `64MiB`, `1GB`.
 *
 * @returns bytes, a whole number below 2^53; undefined for anything else (signs, fractions, blanks, unknown units).
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+)([A-Za-z]*)$/.exec(text)
  if (match === null) return undefined
  const unitBytes = UNIT_BYTES.get(match[2] ?? '')
  const count = Number(match[1])
  if (unitBytes === undefined || !Number.isSafeInteger(count)) return undefined
  const bytes = count * unitBytes
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
