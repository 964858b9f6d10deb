/** Of numbers as many are named in a message. */
const MOST_NAMED = 16

/** Numbers in a message: all, or the first of them. */
export function listOf(numbers: readonly number[]): string {
  const named = numbers.slice(0, MOST_NAMED).join(', ')
  return numbers.length > MOST_NAMED ? `${named} and ${numbers.length - MOST_NAMED} more` : named
}
