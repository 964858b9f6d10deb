/**
 * The namespaces that the labels of one NVDIMM speak for, and which of them are whole ranges of it.
 *
 * Only a namespace without a problem has a `range` that may be opened: on the NVDIMM, before its label area, and nobody else's.
 */
import type { ByteRange } from '@bttkit/interfaces'
import type { LabelAbstraction, NamespaceLabel } from './namespace-label.ts'
import type { NamespaceLabels } from './namespace-labels.ts'

export type LabelProblemCode =
  /** Its range is not within the NVDIMM, before the label area, in whole pages. */
  | 'label-range'
  /** Its range has bytes of another one's. */
  | 'label-overlap'
  /** It has several labels on this NVDIMM. */
  | 'label-uuid'
  /** It is spread over several NVDIMMs. */
  | 'label-set'
  /** It is no persistent memory. */
  | 'label-type'

export interface LabelProblem {
  readonly code: LabelProblemCode
  /** Byte of the label area: of the label. */
  readonly at: number
  /** For people: what comes after `the namespace`. */
  readonly message: string
}

export interface LabelledNamespace {
  readonly uuid: string
  /** Empty where it has none; others may have the same. */
  readonly name: string
  /** The label, or the first of several. */
  readonly label: NamespaceLabel
  /** Bytes of the NVDIMM; absent where they cannot be told, or are too large for a number. */
  readonly range: ByteRange | undefined
  readonly isReadOnly: boolean
  /** Absent from labels of version 1.1. */
  readonly abstraction: LabelAbstraction | undefined
  /** Why it cannot be opened. */
  readonly problems: readonly LabelProblem[]
}

/** Drivers take no range that is not whole pages. */
const PAGE_BYTES = 4096

function rangeOf({ dpa, rawSize }: NamespaceLabel): ByteRange | undefined {
  const [offset, length] = [Number(dpa), Number(rawSize)]
  return Number.isSafeInteger(offset + length) ? { offset, length } : undefined
}

function isOn(end: number, range: ByteRange | undefined): boolean {
  if (range === undefined || range.length === 0 || range.offset + range.length > end) return false
  return range.offset % PAGE_BYTES === 0 && range.length % PAGE_BYTES === 0
}

/** What is wrong with a namespace by itself. */
function* ownProblems(labels: readonly NamespaceLabel[], end: number): Generator<LabelProblem> {
  for (const label of labels) {
    const { at, dpa, rawSize, labelCount, position, type } = label
    if (!isOn(end, rangeOf(label))) {
      const message = `has ${rawSize} bytes from byte ${dpa} on, which are no whole pages within the ${end} bytes before the label area`
      yield { code: 'label-range', at, message }
    }
    if (labelCount !== 1 || position !== 0) {
      const message =
        position < labelCount
          ? `is spread over ${labelCount} NVDIMMs, of which this is number ${position}: here is only a part of each of its pages`
          : `is said to be number ${position} of ${labelCount} NVDIMMs, and there is no such number`
      yield { code: 'label-set', at, message }
    }
    if (type !== 'pmem') {
      const message = `is no persistent memory but ${type === 'unknown' ? 'of an unknown type' : 'a block window'}`
      yield { code: 'label-type', at, message }
    }
  }
  const [first, second] = labels
  if (first !== undefined && second !== undefined) {
    const message = `has ${labels.length} labels, and one is what a namespace of persistent memory has`
    yield { code: 'label-uuid', at: second.at, message }
  }
}

/** The labels whose range has bytes of an earlier or later one's. */
function overlapping(labels: readonly NamespaceLabel[]): ReadonlySet<NamespaceLabel> {
  const found = new Set<NamespaceLabel>()
  let furthest: NamespaceLabel | undefined
  const endOf = ({ dpa, rawSize }: NamespaceLabel): bigint => dpa + rawSize
  for (const label of labels) {
    if (label.rawSize === 0n) continue
    if (furthest !== undefined && label.dpa < endOf(furthest)) found.add(furthest).add(label)
    if (furthest === undefined || endOf(label) > endOf(furthest)) furthest = label
  }
  return found
}

function byPlace(one: NamespaceLabel, other: NamespaceLabel): number {
  if (one.dpa === other.dpa) return one.at - other.at
  return one.dpa < other.dpa ? -1 : 1
}

/**
 * Groups labels into namespaces, in the order of their ranges.
 *
 * @param end byte of the NVDIMM's file at which the label area begins
 */
export function labelledNamespaces(
  { labels }: Pick<NamespaceLabels, 'labels'>,
  end: number,
): LabelledNamespace[] {
  const sorted = labels.toSorted(byPlace)
  const overlaps = overlapping(sorted)
  const groups = new Map<string, [NamespaceLabel, ...NamespaceLabel[]]>()
  for (const label of sorted) {
    const group = groups.get(label.uuid)
    if (group === undefined) groups.set(label.uuid, [label])
    else group.push(label)
  }
  return [...groups.values()].map((group) => namespaceOf(group, overlaps, end))
}

function namespaceOf(
  group: readonly [NamespaceLabel, ...NamespaceLabel[]],
  overlaps: ReadonlySet<NamespaceLabel>,
  end: number,
): LabelledNamespace {
  const [label] = group
  const { uuid, name, abstraction } = label
  const problems = [...ownProblems(group, end)]
  for (const one of group) {
    const message = 'has bytes that another label has too'
    if (overlaps.has(one)) problems.push({ code: 'label-overlap', at: one.at, message })
  }
  const range = group.length === 1 ? rangeOf(label) : undefined
  const isReadOnly = group.some((one) => one.isReadOnly)
  return { uuid, name, label, range, isReadOnly, abstraction, problems }
}
