/** The stack that a stress run works with: the lane table that was asked for, under observation, and storage that preempts at every call. */
import {
  ENGINE,
  LANE_TABLE_FACTORY,
  type AttachOptions,
  type BttDevice,
  type CreateOptions,
  type DeviceShare,
  type Engine,
  type LaneTableFactory,
  type PmemProvider,
  type Sleepable,
} from '@bttkit/interfaces'
import {
  PreemptingProvider,
  observeLanes,
  preemptionRandom,
  type CurrentTask,
  type StressWords,
} from '@bttkit/checker-lanes'
import { loadPlugins } from '@bttkit/command-line'
import { HISTORICAL_LANE_TABLES, SharedLaneTable } from '@bttkit/region-lanes'
import { createStack, type Stack } from '@bttkit/stack'
import type { StressRequest } from './stress-request.ts'

function laneTable(request: StressRequest): LaneTableFactory {
  const { lanes, cpus, preemptBeforeLock } = request
  if (lanes === 'shared') return (words, options) => new SharedLaneTable(words, options)
  const model = HISTORICAL_LANE_TABLES[lanes]
  const options = { cpuCount: cpus, isPreemptedBeforeLock: preemptBeforeLock }
  // These need no word beside those of the lanes.
  return (words, { policy }) => model.make(words.subarray(0, -1), policy, options)
}

/** Whether an image is memory that its opening makes, perhaps under layers: there is nothing on it yet. */
function isFreshMemory(image: string, stack: Stack): boolean {
  return stack.parts(image).at(-1)?.scheme === 'mem'
}

/** The engine with a layer that preempts between it and the storage. It makes the BTT where that is wanted. */
class PreemptedEngine implements Engine {
  /** What was attached last, without the layer. */
  provider: PmemProvider | undefined
  private readonly inner: Engine
  private readonly request: StressRequest
  private readonly creates: boolean

  constructor(inner: Engine, request: StressRequest, creates: boolean) {
    this.inner = inner
    this.request = request
    this.creates = creates
  }

  *attach(provider: PmemProvider, options?: AttachOptions): Sleepable<BttDevice> {
    if (this.creates) yield* this.inner.create(provider, { namespaceOffset: options?.namespaceOffset })
    this.provider = provider
    // The layer hides that the storage can be addressed; whose map is not cached without it has none with it either.
    const mapCacheBytes = provider.mapping === undefined ? options?.mapCacheBytes : 0
    return yield* this.inner.attach(this.layered(provider), { ...options, mapCacheBytes })
  }

  join(provider: PmemProvider, share: DeviceShare): Sleepable<BttDevice> {
    return this.inner.join(this.layered(provider), share)
  }

  create(provider: PmemProvider, options?: CreateOptions): Sleepable<void> {
    return this.inner.create(provider, options)
  }

  private layered(provider: PmemProvider): PmemProvider {
    const { preempt, seed } = this.request
    return preempt ? new PreemptingProvider(provider, preemptionRandom(seed)) : provider
  }
}

export interface StressStack {
  readonly stack: Stack
  /** Whether the run makes the BTT that it works on. */
  readonly isFresh: boolean
  /** The storage of the device that was opened. */
  provider(): PmemProvider
}

/** @throws {CommandError} for a plugin that cannot be loaded */
export async function openStressStack(
  request: StressRequest,
  current: CurrentTask,
  words: StressWords,
): Promise<StressStack> {
  const { plugins } = await loadPlugins(request.plugins)
  const stack = createStack({
    plugins,
    configure: (container) => {
      const lanes = observeLanes(laneTable(request), current, words.log)
      container.register(LANE_TABLE_FACTORY, { useValue: lanes })
    },
  })
  const isFresh = isFreshMemory(request.image, stack)
  const engine = new PreemptedEngine(stack.engine(), request, isFresh)
  stack.container.register(ENGINE, { useValue: engine })
  return {
    stack,
    isFresh,
    provider: () => {
      if (engine.provider === undefined) throw new TypeError('nothing was opened')
      return engine.provider
    },
  }
}
