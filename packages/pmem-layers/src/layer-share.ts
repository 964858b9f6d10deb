import type { ProviderShare } from '@bttkit/interfaces'

/** What a layer's constructor takes, by name. */
type LayerOptions = Readonly<Record<string, number>>

/** What another thread makes the same layer from. */
export interface LayerHandle {
  readonly inner: ProviderShare
  readonly options: LayerOptions
}

export function layerShare(scheme: string, inner: ProviderShare, options: LayerOptions): ProviderShare {
  const handle: LayerHandle = { inner, options }
  return { scheme, handle }
}

function isLayerHandle(value: unknown): value is LayerHandle {
  return typeof value === 'object' && value !== null && 'inner' in value && 'options' in value
}

/** Whether the options are the right ones is for the layer to check. @throws {TypeError} for a share that is not of a layer of this scheme. */
export function layerHandleOf(share: ProviderShare, scheme: string): LayerHandle {
  if (share.scheme === scheme && isLayerHandle(share.handle)) return share.handle
  throw new TypeError(`a share of '${share.scheme}:' is not one of '${scheme}:'`)
}
