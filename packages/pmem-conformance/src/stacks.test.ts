/** Several layers over one provider. */
import { DelayLayer, TraceLayer, type DelayOptions } from '@bttkit/pmem-layers'
import {
  cuttable,
  faulty,
  fileStorage,
  layered,
  memoryStorage,
  offsetBy,
  readOnlyByLayer,
  sleeping,
  type LayableFactory,
} from './providers.test-support.ts'
import { runConformance } from './run-conformance.test-support.ts'

const traced = (factory: LayableFactory): LayableFactory =>
  layered(factory, (inner) => new TraceLayer(inner, { sink: () => {} }))

const delayed = (factory: LayableFactory, options: DelayOptions): LayableFactory =>
  layered(factory, (inner) => new DelayLayer(inner, options))

const file = fileStorage(false)

runConformance([
  [
    'offset over delay over a file',
    { factory: offsetBy(delayed(file, { writeDelayMs: 1 }), 8192), largeSizeBytes: 2 ** 33 },
  ],
  ['trace over fault over sleeping flush over memory', { factory: traced(faulty(cuttable(memoryStorage))) }],
  ['sleeping flush over fault over memory', { factory: cuttable(faulty(memoryStorage), { seed: 5 }) }],
  [
    'sleeping flush over delay over memory',
    { factory: cuttable(delayed(memoryStorage, { readDelayMs: 1, writeDelayMs: 1 }), { seed: 6 }) },
  ],
  ['offset over fault over a file', { factory: offsetBy(faulty(file), 512) }],
  [
    'trace over offset over fault over sleeping flush over a file',
    { factory: traced(offsetBy(faulty(cuttable(file, { seed: 7 })), 1024)), largeSizeBytes: 2 ** 33 },
  ],
  [
    'read-only over trace over sleeping flush over a file',
    { factory: readOnlyByLayer(traced(sleeping(file, { flushDelayMs: 1 }))) },
  ],
  [
    'trace over delay over trace over memory',
    { factory: traced(delayed(traced(memoryStorage), { flushDelayMs: 1 })) },
  ],
])
