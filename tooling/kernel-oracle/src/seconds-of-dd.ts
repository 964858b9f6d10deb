/**
 * How many seconds GNU dd says that it took.
 *
 * @throws {Error} where it does not say so
 */
export function secondsOfDd(said: string): number {
  const [, seconds] = /copied, ([\d.]+(?:e-?\d+)?) s,/.exec(said) ?? []
  if (seconds === undefined) throw new Error(`dd does not say how long it took: ${said}`)
  return Number(seconds)
}
