import {
  ProviderUrlError,
  openInnerImage,
  type ProviderLocation,
  type ProviderPlugin,
} from '@bttkit/interfaces'
import { checkFlushDelay, DEFAULT_FLUSH_DELAY_MS } from './flush-delay.ts'
import { SleepingFlushProvider } from './sleeping-flush-provider.ts'
import { SLEEPING_FLUSH_SCHEME, sleepingFlushHandleOf } from './sleeping-flush-share.ts'

const DELAY_PARAMETER = 'flushDelayMs'

function flushDelayIn({ parameters, url }: ProviderLocation): number {
  const text = parameters.get(DELAY_PARAMETER)
  if (text === undefined) return DEFAULT_FLUSH_DELAY_MS
  const flushDelayMs = /^\d+$/.test(text) ? Number(text) : Number.NaN
  try {
    checkFlushDelay(flushDelayMs)
  } catch (cause) {
    const detail = `'${DELAY_PARAMETER}' is a whole number of milliseconds, not '${text}'`
    throw new ProviderUrlError({ image: url }, detail, { cause })
  }
  return flushDelayMs
}

/**
 * `sleeping-flush:disk.img?flushDelayMs=2`, or over another scheme `sleeping-flush:mem:?size=64MiB&flushDelayMs=1`: the image that follows, with a
 * flush that sleeps. All parameters but `flushDelayMs` are the inner image's.
 */
export const sleepingFlushPlugin: ProviderPlugin = {
  name: 'sleeping flush',
  schemes: [SLEEPING_FLUSH_SCHEME],
  async open(location, options) {
    const flushDelayMs = flushDelayIn(location)
    const inner = await openInnerImage(location, options, [DELAY_PARAMETER])
    return new SleepingFlushProvider(inner, { flushDelayMs })
  },
  async join(share, { joinInner }) {
    const { inner, flushDelayMs } = sleepingFlushHandleOf(share)
    checkFlushDelay(flushDelayMs)
    return new SleepingFlushProvider(await joinInner(inner), { flushDelayMs })
  },
}
