import { ReadOnlyError, type MaybeSleep, type PmemProvider, type ProviderShare } from '@bttkit/interfaces'
import { layerShare } from './layer-share.ts'
import { PassingLayer } from './passing-layer.ts'
import type { ProviderCall } from './provider-call.ts'

export const READ_ONLY_SCHEME = 'read-only'

/** Refuses every write with `ReadOnlyError`, one of no bytes too. The inner provider may be open for writing; nothing reaches it. A shared lock is enough for it; which one to take is its user's choice. */
export class ReadOnlyLayer extends PassingLayer {
  constructor(inner: PmemProvider) {
    super(inner, { readOnly: true })
  }

  protected override around(call: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    if (!call.kinds.includes('write')) return run()
    throw new ReadOnlyError(
      { image: this.name, offset: call.pieces[0]?.offset },
      'a layer allows reading only',
    )
  }

  protected override shareOver(shareInner: () => ProviderShare): ProviderShare {
    return layerShare(READ_ONLY_SCHEME, shareInner(), {})
  }
}
