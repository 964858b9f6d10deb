/** What is wrong with the label area of an NVDIMM, and with what its labels say of namespaces. */
import type { ByteRange, Sleepable } from '@bttkit/interfaces'
import {
  INFO_BLOCK_BYTES,
  contentPlaces,
  labelledNamespaces,
  namespaceContent,
  type LabelledNamespace,
  type NamespaceContent,
  type NamespaceLabels,
} from '@bttkit/btt-format'
import type { FindingLog } from './finding-log.ts'
import type { ImageReader } from './image-reader.ts'
import { readLabels, type Surroundings } from './surroundings.ts'

function reportArea(log: FindingLog, end: number, labels: NamespaceLabels): void {
  const { soundIndexes, tornLabels, misplacedLabels } = labels
  if (soundIndexes === 0) {
    const message = 'neither index block of the label area can be used, so its labels tell nothing'
    log.add('label-area', () => ({ offset: end, message }))
  } else if (soundIndexes === 1) {
    const message = 'one of the two index blocks of the label area is torn; the other counts'
    log.add('label-torn', () => ({ offset: end, message }))
  }
  for (const at of tornLabels)
    log.add('label-torn', () => ({ offset: end + at, message: 'a label in use does not have its checksum' }))
  for (const at of misplacedLabels) {
    const message = 'a label in use says that its place is another one, and is left aside'
    log.add('label-slot', () => ({ offset: end + at, message }))
  }
}

function* contentOf(reader: ImageReader, { offset, length }: ByteRange): Sleepable<NamespaceContent> {
  const pages: (Uint8Array | undefined)[] = []
  for (const place of contentPlaces(length))
    pages.push(yield* reader.read(offset + place, INFO_BLOCK_BYTES, 'info'))
  return namespaceContent(pages)
}

/** Whether a driver that goes by the label finds what is there. Labels of version 1.1 do not say what they are for. */
function isExpected({ abstraction }: LabelledNamespace, content: NamespaceContent): boolean {
  if (abstraction === undefined || abstraction === content) return true
  const isBtt = (name: string): boolean => name.startsWith('btt')
  // Without a claim a driver looks where BTT 1.1 is; and of the claims of others nothing is known here.
  return abstraction === 'none' ? content !== 'btt 2.0' : !isBtt(abstraction) && !isBtt(content)
}

function* reportNamespace(
  reader: ImageReader,
  log: FindingLog,
  end: number,
  namespace: LabelledNamespace,
): Sleepable<void> {
  const { uuid, label, problems, range, abstraction } = namespace
  for (const { code, at, message } of problems)
    log.add(code, () => ({ offset: end + at, message: `the namespace ${uuid} ${message}` }))
  const offset = end + label.at
  if (label.isUpdating) {
    const message = `the label of the namespace ${uuid} says that it is being written; that was cut before its last step`
    log.add('label-updating', () => ({ offset, message }))
  }
  if (range === undefined || problems.length > 0) return
  const content = yield* contentOf(reader, range)
  if (isExpected(namespace, content)) return
  const message = `the label of the namespace ${uuid} says that it holds '${abstraction}', and it holds '${content}'`
  log.add('label-content', () => ({ offset, message }))
}

/** Reports what is wrong with a label area, and with each label that is in use. */
export function* reportLabels(
  reader: ImageReader,
  log: FindingLog,
  { end, labels }: Pick<Surroundings, 'end' | 'labels'>,
): Sleepable<void> {
  if (labels === undefined) return
  reportArea(log, end, labels)
  for (const namespace of labelledNamespaces(labels, end)) yield* reportNamespace(reader, log, end, namespace)
}

/** As `reportLabels`, of the whole image of an NVDIMM. */
export function* checkLabels(reader: ImageReader, log: FindingLog): Sleepable<void> {
  yield* reportLabels(reader, log, yield* readLabels(reader))
}
