/** Each provider, and each layer over memory and over a file. */
import { DelayLayer, TraceLayer } from '@bttkit/pmem-layers'
import {
  cuttable,
  fileStorage,
  faulty,
  layered,
  memoryStorage,
  offsetBy,
  readOnlyByLayer,
  sharedMemoryStorage,
  sleeping,
} from './providers.test-support.ts'
import { runConformance, type NamedProvider } from './run-conformance.test-support.ts'

const UNDER = [
  ['memory', memoryStorage],
  ['a file', fileStorage(false)],
] as const

const LAYERS = UNDER.flatMap(([name, factory]): NamedProvider[] => [
  [`sleeping flush over ${name}`, { factory: sleeping(factory, { flushDelayMs: 1 }) }],
  [
    `sleeping flush, one at a time, over ${name}`,
    { factory: sleeping(factory, { flushDelayMs: { fromMs: 0, toMs: 2 }, flushQueue: 1 }) },
  ],
  [`sleeping flush that loses all over ${name}`, { factory: cuttable(factory) }],
  ...[1, 2, 3].map((seed): NamedProvider => [
    `sleeping flush that loses some, by seed ${seed}, over ${name}`,
    { factory: cuttable(factory, { seed }) },
  ]),
  [
    `delay over ${name}`,
    {
      factory: layered(
        factory,
        (inner) => new DelayLayer(inner, { readDelayMs: 1, writeDelayMs: 1, flushDelayMs: 1 }),
      ),
    },
  ],
  [`fault over ${name}`, { factory: faulty(factory) }],
  [`trace over ${name}`, { factory: layered(factory, (inner) => new TraceLayer(inner, { sink: () => {} })) }],
  [`read-only over ${name}`, { factory: readOnlyByLayer(factory) }],
  [`offset over ${name}`, { factory: offsetBy(factory, 4096) }],
  [`offset by less than a line over ${name}`, { factory: offsetBy(factory, 24) }],
])

runConformance([
  ['memory', { factory: memoryStorage }],
  ['memory for several threads', { factory: sharedMemoryStorage }],
  ['file, asynchronous', { factory: fileStorage(false), largeSizeBytes: 2 ** 33 }],
  ['file, blocking', { factory: fileStorage(true), largeSizeBytes: 2 ** 33 }],
  ...LAYERS,
])
