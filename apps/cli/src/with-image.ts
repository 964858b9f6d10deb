/** Opening what a command was asked to work on, and closing it however the work ends. */
import type { Command } from 'commander'
import type { BttDevice, PmemProvider, Zeroing } from '@bttkit/interfaces'
import { inspect, listNamespaces, type Inspection, type Namespace } from '@bttkit/btt'
import { commonOptions, openStack } from '@bttkit/command-line'
import { runAsync } from '@bttkit/sleepable'
import { chooseNamespace, namespaceWindow, type Stack } from '@bttkit/stack'

export type Access = 'reading' | 'writing'

/** An image, and what it takes to open it. */
export interface ImageToOpen {
  readonly stack: Stack
  readonly image: string
  /** By UUID, name or number; absent: the only one. */
  readonly namespace: string | undefined
  readonly namespaceOffset: number | undefined
  /** Default: as it suits the image. */
  readonly zeroing?: Zeroing | undefined
}

/** An image of which the storage is open. */
export interface OpenedImage extends ImageToOpen {
  /** All of it, where what is around the namespace matters. */
  readonly nvdimm: PmemProvider | undefined
  /** The one that is meant, and that is what is worked on; absent where no label speaks for any. */
  readonly label: Namespace | undefined
}

/** Works on storage, or on the namespace of it that is meant. */
export type StorageWork<T> = (storage: PmemProvider, opened: OpenedImage) => Promise<T>

/** The image by this name, as the options of the command say to open it. Nothing is opened yet. */
export async function imageOf(command: Command, image: string): Promise<ImageToOpen> {
  const { namespace, offset } = commonOptions(command)
  return { stack: await openStack(command), image, namespace, namespaceOffset: offset }
}

async function closingAfter<T>(
  closable: Pick<PmemProvider, 'close'> | Pick<BttDevice, 'close'>,
  body: () => Promise<T>,
): Promise<T> {
  let result: T
  try {
    result = await body()
  } catch (error) {
    try {
      await closable.close()
    } catch {
      // What stopped the work says more than what came of it.
    }
    throw error
  }
  await closable.close()
  return result
}

/** Attaches a BTT for `body`. For reading, nothing of it is modified and others may read it, too. */
export async function withDevice<T>(
  target: ImageToOpen,
  access: Access,
  body: (device: BttDevice) => Promise<T>,
): Promise<T> {
  const { stack, image, namespace, namespaceOffset, zeroing } = target
  const readOnly = access === 'reading'
  const device = await stack.openImage(image, { readOnly, namespace, namespaceOffset, zeroing })
  return closingAfter(device, () => body(device))
}

/** The namespaces that may be meant: the one that is named, else all. */
async function namespacesMeant(
  { namespace, namespaceOffset }: ImageToOpen,
  nvdimm: PmemProvider,
): Promise<readonly Namespace[]> {
  if (namespace === undefined && namespaceOffset !== undefined) return []
  const namespaces = await runAsync(listNamespaces(nvdimm))
  return namespace === undefined ? namespaces : [chooseNamespace(nvdimm.name, namespaces, namespace)]
}

async function workOn<T>(
  target: ImageToOpen,
  nvdimm: PmemProvider,
  namespaces: readonly Namespace[],
  body: StorageWork<T>,
): Promise<T> {
  if (namespaces.length === 0) return body(nvdimm, { ...target, nvdimm, label: undefined })
  const label = chooseNamespace(nvdimm.name, namespaces)
  return body(namespaceWindow(nvdimm, label), { ...target, nvdimm, label })
}

/**
 * Opens the storage of an image for `body`, or the namespace of it that is meant, without looking at what is on it.
 *
 * @throws {NamespaceError} where several may be meant, and where it cannot be opened
 */
export async function withStorage<T>(
  target: ImageToOpen,
  createSizeBytes: number | undefined,
  body: StorageWork<T>,
): Promise<T> {
  const options = { readOnly: false, ...(createSizeBytes === undefined ? {} : { createSizeBytes }) }
  const nvdimm = await target.stack.openProvider(target.image, options)
  return closingAfter(nvdimm, async () => workOn(target, nvdimm, await namespacesMeant(target, nvdimm), body))
}

/**
 * As `withStorage`, for reading: nothing is modified, and others may read it, too.
 *
 * @param several what to do where several namespaces may be meant, or none of them can be opened. Default: that fails
 */
export async function withReadableStorage<T>(
  target: ImageToOpen,
  body: StorageWork<T>,
  several?: (nvdimm: PmemProvider, namespaces: readonly Namespace[]) => Promise<T>,
): Promise<T> {
  const nvdimm = await target.stack.openProvider(target.image, { readOnly: true })
  return closingAfter(nvdimm, async () => {
    const namespaces = await namespacesMeant(target, nvdimm)
    const [only, other] = namespaces
    const isOne = other === undefined && (only === undefined || only.problems.length === 0)
    return several === undefined || isOne
      ? workOn(target, nvdimm, namespaces, body)
      : several(nvdimm, namespaces)
  })
}

/** Shows `body` what is on the media, as it is: nothing is attached, recovered or modified. */
export async function withInspection<T>(
  target: ImageToOpen,
  body: (inspection: Inspection) => Promise<T>,
): Promise<T> {
  return withReadableStorage(target, async (storage) =>
    body(await runAsync(inspect(storage, target.namespaceOffset))),
  )
}
