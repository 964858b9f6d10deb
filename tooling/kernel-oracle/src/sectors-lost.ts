/**
 * Which sectors GNU dd could not read, of what it says with `conv=noerror,sync`: after each EIO it counts what it has read so far, whole sectors and
 * errors, and that is the number of the sector at which it is.
 */
export function sectorsLost(said: string): number[] {
  const errors = said.matchAll(/error reading .*: Input\/output error\n(\d+)\+(\d+) records in$/gm)
  return [...errors].map(([, whole, failed]) => Number(whole) + Number(failed))
}
