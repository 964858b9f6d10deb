const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** A number of bytes for people, in powers of 1024: `512 bytes`, `63.2 MiB`. */
export function formatSize(bytes: number): string {
  let value = bytes
  let unit = 0
  // What would be rounded up to 1024.0 belongs to the next unit.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}
