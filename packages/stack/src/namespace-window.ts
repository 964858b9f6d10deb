/**
 * One namespace of an NVDIMM's image as storage of its own: a window, which the label area is never in.
 *
 * The lock stays that of the whole image. Whoever has another namespace of it open keeps us out.
 */
import { ImageLockedError, NamespaceError, type PmemProvider } from '@bttkit/interfaces'
import { listNamespaces, type Namespace } from '@bttkit/btt'
import { OffsetLayer, ReadOnlyLayer } from '@bttkit/pmem-layers'
import { runAsync } from '@bttkit/sleepable'

/** Which namespace is meant. */
export interface NamespaceChoice {
  /** By its UUID, name or number. Absent: the only one, if there are labels. */
  readonly namespace?: string | undefined
  /** Where the info block of arena 0 is, in bytes of the namespace; without a namespace, of the storage, whose labels are left aside then. */
  readonly namespaceOffset?: number | undefined
}

/** What a namespace can be called by, and what it is, for people. */
function describeNamespace({ number, name, uuid, content, range }: Namespace): string {
  const what = content === undefined ? 'cannot be opened' : `${content}, ${range?.length} bytes`
  return [String(number), ...(name === '' ? [] : [`'${name}'`]), uuid, `(${what})`].join(' ')
}

const choices = (namespaces: readonly Namespace[]): string => namespaces.map(describeNamespace).join('; ')

/** Those that are called so: by UUID, else by name, else by number. */
function called(namespaces: readonly Namespace[], wanted: string): readonly Namespace[] {
  const ways: readonly ((namespace: Namespace) => boolean)[] = [
    ({ uuid }) => uuid === wanted.toLowerCase(),
    ({ name }) => name !== '' && name === wanted,
    ({ number }) => String(number) === wanted,
  ]
  for (const isCalled of ways) {
    const found = namespaces.filter(isCalled)
    if (found.length > 0) return found
  }
  return []
}

/**
 * The namespace that is meant, of those of an image.
 *
 * @throws {NamespaceError} for none, for several, and for one that cannot be opened
 */
export function chooseNamespace(image: string, namespaces: readonly Namespace[], wanted?: string): Namespace {
  const found = wanted === undefined ? namespaces : called(namespaces, wanted)
  const [chosen, other] = found
  if (chosen === undefined) {
    const labels = namespaces.length === 0 ? 'no label speaks for any' : `there are ${choices(namespaces)}`
    throw new NamespaceError({ image }, `no namespace is called '${wanted}'; ${labels}`)
  }
  if (other !== undefined) {
    const many = wanted === undefined ? `${found.length} namespaces` : `several namespaces called '${wanted}'`
    throw new NamespaceError({ image }, `there are ${many}; say which by --namespace: ${choices(found)}`)
  }
  const [problem] = chosen.problems
  if (problem !== undefined)
    throw new NamespaceError(
      { image },
      `the namespace ${chosen.uuid} cannot be opened: it ${problem.message}`,
    )
  return chosen
}

/**
 * A window of one namespace, which owns the storage: closing it closes that.
 *
 * @throws {NamespaceError} for one that cannot be opened
 */
export function namespaceWindow(
  provider: PmemProvider,
  { range, isReadOnly, uuid }: Namespace,
): PmemProvider {
  if (range === undefined)
    throw new NamespaceError({ image: provider.name }, `the namespace ${uuid} is no range of bytes`)
  const window = new OffsetLayer(provider, { offset: range.offset, size: range.length })
  return isReadOnly && !provider.readOnly ? new ReadOnlyLayer(window) : window
}

/** Why no BTT is looked for in a namespace. */
function checkClaim(image: string, { content, uuid }: Namespace): void {
  if (content !== 'pfn' && content !== 'dax') return
  throw new NamespaceError({ image }, `the namespace ${uuid} holds '${content}' memory of Linux, and no BTT`)
}

/** What to throw where the lock of storage could not be had: who wants another namespace than whoever has it is told why that does not help. */
export async function lockFailure(provider: PmemProvider, error: unknown): Promise<unknown> {
  if (!(error instanceof ImageLockedError)) return error
  const namespaces = await runAsync(listNamespaces(provider)).catch(() => [])
  if (namespaces.length < 2) return error
  const detail = `${error.message}; the lock is of the whole image, with all ${namespaces.length} namespaces`
  return new ImageLockedError({}, detail, { cause: error })
}

/**
 * The namespace of storage that is meant, as a window to attach a BTT in; the storage itself where it has no labels.
 *
 * @throws {NamespaceError}
 */
export async function meantNamespace(provider: PmemProvider, choice: NamespaceChoice): Promise<PmemProvider> {
  const { namespace, namespaceOffset } = choice
  if (namespace === undefined && namespaceOffset !== undefined) return provider
  const namespaces = await runAsync(listNamespaces(provider))
  if (namespace === undefined && namespaces.length === 0) return provider
  const chosen = chooseNamespace(provider.name, namespaces, namespace)
  checkClaim(provider.name, chosen)
  return namespaceWindow(provider, chosen)
}
