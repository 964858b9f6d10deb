/** Mapped files, where they can be mapped. */
import { expect, test } from 'vitest'
import { isBttkitError } from '@bttkit/interfaces'
import { TraceLayer } from '@bttkit/pmem-layers'
import { cuttable, daxStorage, faulty, layered, offsetBy, sleeping } from './providers.test-support.ts'
import { runConformance, type NamedProvider } from './run-conformance.test-support.ts'

/** Why a file cannot be mapped and persisted in this way; undefined where it can. */
function whyNot(persist: 'msync' | 'libpmem'): string | undefined {
  try {
    const { provider, cleanUp } = daxStorage(persist)(4096)
    provider.close()
    cleanUp?.()
    return undefined
  } catch (error) {
    if (isBttkitError(error)) return error.message
    throw error
  }
}

function mappedBy(persist: 'msync' | 'libpmem'): NamedProvider[] {
  const factory = daxStorage(persist)
  return [
    [`mapped file, by ${persist}`, { factory, largeSizeBytes: 2 ** 33 }],
    [`sleeping flush over a mapped file, by ${persist}`, { factory: sleeping(factory, { flushDelayMs: 1 }) }],
    [
      `sleeping flush that loses some over a mapped file, by ${persist}`,
      { factory: cuttable(factory, { seed: 4 }) },
    ],
    [
      `trace over fault over offset over a mapped file, by ${persist}`,
      {
        factory: layered(
          faulty(offsetBy(factory, 4096)),
          (inner) => new TraceLayer(inner, { sink: () => {} }),
        ),
      },
    ],
  ]
}

const METHODS = ['msync', 'libpmem'] as const

test.for(METHODS)('a file is mapped, and persisted by %s', (persist, { skip }) => {
  const reason = whyNot(persist)
  skip(reason !== undefined, reason)
  const { provider, cleanUp } = daxStorage(persist)(4096)
  expect(provider).toMatchObject({ persistence: persist })
  provider.close()
  cleanUp?.()
})

runConformance(METHODS.filter((persist) => whyNot(persist) === undefined).flatMap(mappedBy))
