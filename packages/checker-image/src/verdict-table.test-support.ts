/** Tables of what becomes of damages: field, values, where it is so, and what comes of it. They are stored beside the tests, to be read. */

/** What came of one change of a field. */
export interface Outcome {
  /** Of the subject. */
  readonly subject: string
  readonly field: string
  readonly value: string
  readonly says: string
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return [...groups.values()]
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)]

/** Where it is so, in one word where it is so everywhere. */
function placesOf(subjects: readonly string[], all: readonly string[]): string {
  return subjects.length === all.length ? 'all' : subjects.join(' ')
}

/** The values of a field with the same outcome in the same subjects are one line. */
export function verdictTable(title: string, outcomes: readonly Outcome[]): string {
  const all = distinct(outcomes.map(({ subject }) => subject))
  const lines = grouped(outcomes, ({ field }) => field).flatMap((ofField) => {
    const triedWith = (value: string): string[] =>
      ofField.filter((one) => one.value === value).map(({ subject }) => subject)
    const rows = grouped(ofField, ({ value, says }) => JSON.stringify([value, says])).map((same) => ({
      value: same[0]?.value ?? '',
      says: same[0]?.says ?? '',
      places: placesOf(
        same.map(({ subject }) => subject),
        triedWith(same[0]?.value ?? ''),
      ),
    }))
    return grouped(rows, ({ places, says }) => JSON.stringify([places, says])).map((same) => {
      const values = same.map(({ value }) => value).join(', ')
      return [ofField[0]?.field ?? '', values, same[0]?.places ?? '', same[0]?.says ?? '']
    })
  })
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const text = lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | '))
  return `${title}\nSubjects (sector size/arena): ${all.join(' ')}\n\n${text.join('\n')}\n`
}
