/** A table for people: columns as wide as they must be, the first ones `textColumns` flush left, the others flush right. */
export function textTable(rows: readonly (readonly string[])[], textColumns: number): string {
  const widths: number[] = []
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  const aligned = (cell: string, column: number): string =>
    column < textColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map((row) => `${row.map(aligned).join('  ').trimEnd()}\n`).join('')
}
