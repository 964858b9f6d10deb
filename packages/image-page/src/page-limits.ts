/** What keeps a page below a megabyte, whatever the image. */

/** Arenas that are shown one by one. */
export const MOST_ARENAS = 16
/** Parts of the bar of the storage. */
export const MOST_STORAGE_PARTS = 64
/** Cells of all maps together. */
export const MOST_CELLS = 1024
/** Of one map. */
export const MOST_CELLS_OF_MAP = 768
/** Rows of all flogs together. */
export const MOST_LANES = 512
export const MOST_FINDINGS = 400
/** Of the page, for all of them. */
export const MOST_FINDING_BYTES = 450_000
/** Links at one finding, and at one place. */
export const MOST_LINKS = 8
export const MOST_REPAIRS = 50
/** Characters of a message or name. */
export const LONGEST_TEXT = 400

/** A text that is not too long. */
export function shortened(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)} …`
}
