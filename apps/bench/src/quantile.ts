/**
 * The value that this part of all values is not above, by the nearest rank.
 *
 * @param values at least one
 * @param part from 0 to 1: 0.5 for the median, 0.1 for p10
 */
export function quantile(values: readonly number[], part: number): number {
  const rank = Math.max(1, Math.ceil(part * values.length))
  const value = values.toSorted((a, b) => a - b)[rank - 1]
  if (value === undefined) throw new RangeError('there are no values to take a quantile of')
  return value
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}
