/**
 * The labels of a label area: what namespaces there are on an NVDIMM. UEFI, "NVDIMM Label Protocol", Label Index Block and Label Definitions.
 *
 * There are two index blocks, written in turn; the one with the later sequence number counts. So one of them may be torn.
 */
import { isLabelArea } from './label-area.ts'
import { decodeLabelIndexes, type LabelIndex } from './label-index.ts'
import { decodeNamespaceLabel, isTornLabel, type NamespaceLabel } from './namespace-label.ts'

/** Of a label area: two index blocks and the labels of all namespaces that anybody has are within this much. */
export const MOST_LABEL_BYTES = 2 ** 20

/** What a label area says. */
export interface NamespaceLabels {
  /** Of the two index blocks, how many can be believed. */
  readonly soundIndexes: number
  /** Those in use that can be believed, in the order of their places. */
  readonly labels: readonly NamespaceLabel[]
  /** Bytes, from the start of the label area, of labels in use that are torn. */
  readonly tornLabels: readonly number[]
  /** The same of labels in use that say that their place is another one; drivers leave them aside. */
  readonly misplacedLabels: readonly number[]
}

/** Reads a whole label area; `undefined` where none begins with these bytes. */
export function decodeNamespaceLabels(area: Uint8Array): NamespaceLabels | undefined {
  if (!isLabelArea(area)) return undefined
  const indexes = decodeLabelIndexes(area)
  const [index] = indexes
  return {
    soundIndexes: indexes.length,
    ...(index ? readLabels(area, index) : { labels: [], tornLabels: [], misplacedLabels: [] }),
  }
}

function readLabels(area: Uint8Array, index: LabelIndex): Omit<NamespaceLabels, 'soundIndexes'> {
  const { labelOff, labelBytes, slotsInUse } = index
  const labels: NamespaceLabel[] = []
  const tornLabels: number[] = []
  const misplacedLabels: number[] = []
  for (const slot of slotsInUse) {
    const at = labelOff + slot * labelBytes
    const bytes = area.slice(at, at + labelBytes)
    if (bytes.length < labelBytes) continue
    const label = decodeNamespaceLabel(bytes, at)
    if (isTornLabel(bytes)) tornLabels.push(at)
    else if (label.slot !== slot) misplacedLabels.push(at)
    else labels.push(label)
  }
  return { labels, tornLabels, misplacedLabels }
}
