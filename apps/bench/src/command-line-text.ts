const PLAIN = /^[\w@%+=:,./-]+$/

/** A command as one types it into a shell. */
export function commandLineText(words: readonly string[]): string {
  return words
    .map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`))
    .join(' ')
}
