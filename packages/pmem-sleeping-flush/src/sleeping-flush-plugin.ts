import { defineProviderPlugin, ProviderUrlError, type ParameterValues } from '@bttkit/interfaces'
import type { FlushDelay } from './flush-delay.ts'
import { flushParameters } from './flush-parameters.ts'
import { SleepingFlushProvider, type SleepingFlushOptions } from './sleeping-flush-provider.ts'
import { SLEEPING_FLUSH_SCHEME, sleepingFlushHandleOf } from './sleeping-flush-share.ts'

type Values = ParameterValues<typeof flushParameters>

/** @throws {ProviderUrlError} for a seed without a range that it could be for. */
function delayIn({ flushDelayMs, flushSeed }: Values, url: string): FlushDelay | undefined {
  if (flushSeed === undefined) return flushDelayMs
  if (typeof flushDelayMs === 'object') return { ...flushDelayMs, seed: flushSeed }
  const detail = "'flushSeed' is for delays from a range, as in 'flushDelayMs=1..5&flushSeed=7'"
  throw new ProviderUrlError({ image: url }, detail)
}

function optionsIn(values: Values, url: string): SleepingFlushOptions {
  const flushDelayMs = delayIn(values, url)
  const { flushQueue, losesUnflushed } = values
  return {
    ...(flushDelayMs === undefined ? {} : { flushDelayMs }),
    ...(flushQueue === undefined ? {} : { flushQueue }),
    ...(losesUnflushed === undefined ? {} : { losesUnflushed }),
  }
}

/**
 * `sleeping-flush:disk.img?flushDelayMs=2`, or over another scheme `sleeping-flush:mem:?size=64MiB&flushDelayMs=1..5&flushSeed=7`: the image that
 * follows, with a flush that sleeps. `flushQueue` and `losesUnflushed` are the options of `SleepingFlushProvider`.
 *
 * `open` throws a `TypeError` where threads shall share what `losesUnflushed`.
 */
export const providerPlugin = defineProviderPlugin({
  name: 'sleeping flush',
  schemes: [SLEEPING_FLUSH_SCHEME],
  parameters: flushParameters,
  isLayer: true,
  async open({ values, url }, { threads = false }, host) {
    const options = optionsIn(values, url)
    if (threads && options.losesUnflushed === true) {
      throw new TypeError(`${url}: with 'losesUnflushed' it cannot be shared with other threads`)
    }
    return new SleepingFlushProvider(await host.openInner(), options)
  },
  async join(share, { joinInner }) {
    const { inner, options } = sleepingFlushHandleOf(share)
    const joined = await joinInner(inner)
    try {
      return new SleepingFlushProvider(joined, options)
    } catch (error) {
      await joined.close()
      throw error
    }
  },
})
