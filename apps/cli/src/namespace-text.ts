/** A namespace of an NVDIMM, as commands show it. */
import type { Namespace } from '@bttkit/btt'
import { formatSize } from '@bttkit/command-line'

/** A namespace in a line, and what is wrong with it in others. */
export function describeNamespace({
  number,
  name,
  uuid,
  range,
  content,
  isReadOnly,
  problems,
}: Namespace): string {
  const where =
    range === undefined ? 'no range of bytes' : `byte ${range.offset}, ${formatSize(range.length)}`
  const flags = isReadOnly ? ', for reading only' : ''
  const called = name === '' ? '' : ` '${name}'`
  return [
    `namespace ${number}${called}, ${uuid}: ${where}, ${content ?? 'cannot be opened'}${flags}`,
    ...problems.map(({ message }) => `  problem: the namespace ${message}`),
  ].join('\n')
}

/** The same for programs. `content` is null where it cannot be opened, and `label` where the label does not say what the namespace is for. */
export function jsonOfNamespace(namespace: Namespace): Readonly<Record<string, unknown>> {
  const { number, name, uuid, range, content, abstraction, isReadOnly, problems } = namespace
  return {
    number,
    name,
    uuid,
    offset: range?.offset ?? null,
    size: range?.length ?? null,
    content: content ?? null,
    label: abstraction ?? null,
    readOnly: isReadOnly,
    problems: problems.map(({ message }) => message),
  }
}
