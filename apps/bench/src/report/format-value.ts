import type { Unit } from '../measure/comparison.ts'

const STEPS: readonly (readonly [number, string])[] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
]
const DIGITS = 3

/** Three digits that count, never an exponent. */
function digits(value: number): string {
  const text = value.toPrecision(DIGITS)
  return text.includes('e') ? value.toFixed(0) : text
}

/** A value with its unit: `1.23 µs`. */
export function formatValue(value: number, unit: Unit): string {
  if (unit !== 'ns') return `${digits(value)} ${unit}`
  const step = STEPS.find(([size]) => value >= size)
  return step === undefined ? `${digits(value)} ns` : `${digits(value / step[0])} ${step[1]}`
}

/** A ratio, with two digits behind the point, or more where it is small. */
export function formatRatio(ratio: number): string {
  return ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2)
}
