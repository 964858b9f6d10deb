/** What `btt info` tells of an image: of its BTT, or of its namespaces and the BTT of each. */
import { isBttkitError, type PmemProvider } from '@bttkit/interfaces'
import { inspect, whyUnsafeToWrite, type Namespace } from '@bttkit/btt'
import { describeError, type CommonOptions } from '@bttkit/command-line'
import { runAsync } from '@bttkit/sleepable'
import { namespaceWindow } from '@bttkit/stack'
import { countErrorSectors } from './count-error-sectors.ts'
import { describeBttOnly, describeInfo } from './info-text.ts'
import { describeNamespace, jsonOfNamespace } from './namespace-text.ts'
import { describeProvider, providerInfo } from './storage-info.ts'
import type { ImageToOpen, OpenedImage } from './with-image.ts'

/** One thing, for programs and for people. */
export interface Told {
  readonly json: Readonly<Record<string, unknown>>
  readonly text: string
  /** Of the storage of a BTT. */
  readonly storageFacts?: readonly { readonly name: string; readonly value: string }[]
}

type Shown = Pick<CommonOptions, 'quiet' | 'progress' | 'json'>

/** Whether a namespace was never said to be a BTT, and is none. */
function isOther({ content, abstraction }: Namespace): boolean {
  return content?.startsWith('btt') !== true && abstraction?.startsWith('btt') !== true
}

/** Of one BTT, or of the namespace that is something else. @throws what `inspect` does */
export async function tellBtt(storage: PmemProvider, opened: OpenedImage, options: Shown): Promise<Told> {
  const { stack, image, nvdimm = storage, namespaceOffset, label } = opened
  if (label !== undefined && isOther(label)) return tellNamespaces(nvdimm, [label], opened, options)
  const inspection = await runAsync(inspect(storage, namespaceOffset))
  const { info } = inspection
  const provider = providerInfo(storage, stack.parts(image))
  const errorSectors = await countErrorSectors(inspection, options)
  const refusal = whyUnsafeToWrite(storage)
  const text = describeInfo({ info, errorSectors, provider, refusal })
  const facts = describeProvider(provider, info, refusal)
  return {
    json: {
      ...info,
      errorSectors: 'count' in errorSectors ? errorSectors.count : null,
      provider,
      ...(label && { namespace: jsonOfNamespace(label) }),
    },
    text: label === undefined ? text : `${describeNamespace(label)}\n${text}`,
    storageFacts: facts.map(([name, value]) => ({ name, value })),
  }
}

async function tellContent(nvdimm: PmemProvider, namespace: Namespace, options: Shown): Promise<Told> {
  const { content } = namespace
  const shown = { ...jsonOfNamespace(namespace), btt: null, error: null }
  if (content?.startsWith('btt') !== true) return { json: shown, text: '' }
  try {
    const inspection = await runAsync(inspect(namespaceWindow(nvdimm, namespace)))
    const errorSectors = await countErrorSectors(inspection, options)
    const count = 'count' in errorSectors ? errorSectors.count : null
    return {
      json: { ...shown, btt: { ...inspection.info, errorSectors: count } },
      text: describeBttOnly(inspection.info, errorSectors),
    }
  } catch (error) {
    // One that cannot be shown keeps nobody from the others.
    if (!isBttkitError(error)) throw error
    const message = describeError(error)
    return { json: { ...shown, error: message }, text: `  problem: ${message}\n` }
  }
}

/** Of several namespaces, or of one that cannot be opened. */
export async function tellNamespaces(
  nvdimm: PmemProvider,
  namespaces: readonly Namespace[],
  { stack, image }: ImageToOpen,
  options: Shown,
): Promise<Told> {
  const told: Told[] = []
  for (const namespace of namespaces) {
    const { json, text } = await tellContent(nvdimm, namespace, options)
    told.push({ json, text: `${describeNamespace(namespace)}\n${text}` })
  }
  const provider = providerInfo(nvdimm, stack.parts(image))
  return {
    json: { image: nvdimm.name, namespaces: told.map(({ json }) => json), provider },
    text: `${nvdimm.name}\n${told.map(({ text }) => text).join('')}`,
  }
}
