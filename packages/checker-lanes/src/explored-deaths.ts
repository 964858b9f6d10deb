/** Operations of several threads that share a device, some of which die in the midst of theirs. Each thread is a task of the explorer. */
import { BttEngine, type EngineParts } from '@bttkit/btt'
import type { BttDevice, DeviceShare, LanePolicy, Sleepable } from '@bttkit/interfaces'
import { SharedLaneTable, SharedLocks, SharedReadTracking } from '@bttkit/region-lanes'
import { runBlocking } from '@bttkit/sleepable'
import type { Program, Scenario, StepRecorder } from './explore-scenario.ts'
import { aftermathProblem } from './explored-aftermath.ts'
import type { ExploredParts } from './explored-device.ts'
import { tellingAtomics, type ExploredCache } from './explored-cache.ts'
import { SECTOR_BYTES, type ExploredImage } from './explored-image.ts'
import { BYSTANDER, Lives, type Death } from './explored-lives.ts'
import {
  MortalLanes,
  MortalLocks,
  MortalReadTracking,
  MortalRegistry,
  type Observers,
} from './explored-mortal-tables.ts'
import { CountingClock, inTurn, runOf, type Clock, type DeviceOperation } from './explored-operations.ts'
import { ExploredProvider } from './explored-provider.ts'

/** Plain data. */
export interface DeathProgram {
  readonly name: string
  /** What each thread does, one operation after the other. */
  readonly tasks: readonly (readonly DeviceOperation[])[]
  /** How many threads join meanwhile, and recover whoever has died by then: the last tasks. Default 0. */
  readonly newcomers?: number | undefined
  readonly deaths: readonly Death[]
  readonly laneCount: number
  /** Default: `first-idle`. */
  readonly lanePolicy?: LanePolicy | undefined
  /** The lane hint of each task. Default: 0 for all. */
  readonly hints?: readonly number[] | undefined
  /** Default: none. */
  readonly cache?: ExploredCache | undefined
}

export interface DeathScenarioOptions {
  /** Called for each thread of each run. Its tables must end their waits at once where nothing has happened: a schedule has no time. Default: `mortalParts` */
  readonly makeParts?: (() => ExploredParts) | undefined
  /** Called at the end of each run, with the deaths that have come. */
  onEnd?(came: readonly Death[]): void
}

/** A wait that is continued looks for dead threads at once, if what it waits for is not there. */
const ROUND_MS = 0

/** The parts of production. */
export function mortalParts(): ExploredParts {
  return {
    laneTable: (words, options) => new SharedLaneTable(words, options, ROUND_MS),
    lockTable: (words, thread) => new SharedLocks(words, 'map-lock', thread, ROUND_MS),
    readTracking: (words, thread) => new SharedReadTracking(words, thread, ROUND_MS),
  }
}

/** The threads of one run. */
export class SharedScene {
  readonly image: ExploredImage
  /** Of the thread that attached. It does nothing, and closes in the end. */
  readonly owner: BttDevice
  readonly lives: Lives
  /** Of lanes, map locks and read tracking: 0 where nobody has anything. */
  readonly heldWords: ReadonlyMap<string, Int32Array>
  readonly registry: MortalRegistry
  readonly laneCount: number
  private readonly share: DeviceShare
  private readonly observers: Observers
  private readonly hints: readonly number[]
  private readonly hasCache: boolean
  private readonly triesLocks: boolean
  private readonly makeParts: () => ExploredParts

  constructor(
    image: ExploredImage,
    recorder: StepRecorder,
    program: DeathProgram,
    options: DeathScenarioOptions,
  ) {
    this.image = image
    this.laneCount = program.laneCount
    this.hints = program.hints ?? []
    this.hasCache = program.cache !== undefined
    this.triesLocks = program.cache?.triesLocks === true
    this.makeParts = options.makeParts ?? mortalParts
    this.lives = new Lives(recorder, image.memory, program.deaths)
    this.observers = { recorder, lives: this.lives, crowd: { waiting: 0 }, named: [] }
    const heldWords = new Map<string, Int32Array>()
    this.heldWords = heldWords
    let registry: MortalRegistry | undefined
    const { engine, provider } = this.thread(
      (what, words) => heldWords.set(what, words),
      (made) => (registry = made),
    )
    const { laneCount, lanePolicy, cache } = program
    const attaching = engine.attach(provider, {
      namespaceOffset: image.namespaceOffset,
      laneCount,
      lanePolicy,
      zeroing: image.zeroing,
      threads: true,
      mapCacheBytes: cache?.bytes ?? 0,
    })
    this.owner = this.lives.as(BYSTANDER, () => runBlocking(attaching))
    for (const lba of cache?.warm ?? [])
      this.lives.as(BYSTANDER, () =>
        runBlocking(this.owner.sleepable.read(lba, new Uint8Array(SECTOR_BYTES))),
      )
    this.share = this.owner.share()
    this.lives.share(this.share.state)
    if (registry === undefined) throw new TypeError('a device for threads has a registry')
    this.registry = registry
  }

  /** A thread more takes part. */
  *join(): Sleepable<BttDevice> {
    const { engine, provider } = this.thread()
    return yield* engine.join(provider, this.share)
  }

  /** A thread that joins and does nothing more. */
  *comeAndStay(): Sleepable<void> {
    yield* this.join()
  }

  private thread(
    onWords: (what: string, words: Int32Array) => void = () => {},
    onRegistry: (registry: MortalRegistry) => void = () => {},
  ): { engine: BttEngine; provider: ExploredProvider } {
    const { observers, hints, image, triesLocks } = this
    const parts = this.makeParts()
    const mortal: EngineParts = {
      laneTable: (words, options) => {
        onWords('lane', words.subarray(0, -1))
        return new MortalLanes(parts.laneTable(words, options), observers, hints)
      },
      lockTable: (words, thread) => {
        onWords('map lock', words)
        return new MortalLocks(parts.lockTable(words, thread), observers, triesLocks)
      },
      readTracking: (words, thread) => {
        onWords('read-tracking entry', words)
        return new MortalReadTracking(parts.readTracking(words, thread), observers)
      },
      threadRegistry: (words) => {
        const registry = new MortalRegistry(words, observers.lives)
        onRegistry(registry)
        return registry
      },
      atomics: this.hasCache ? tellingAtomics(observers.recorder) : undefined,
    }
    const provider = new ExploredProvider(parts.storage?.(image.memory) ?? image.memory)
    return { engine: new BttEngine(mortal), provider }
  }
}

/** What the dead do is not over, whatever the rest of the step in which they died has done. */
function clockOf(task: number, lives: Lives, clock: Clock): Clock {
  return { tick: () => (lives.isDead(task) ? Infinity : clock.tick()) }
}

/**
 * Threads on a device, of which some die. In the end all who live have done their operations; a thread that joins puts in order what is left; nobody has anything;
 * each block has one holder; each sector was written and read as if one operation came after the other, those of the dead perhaps not at all; further operations
 * do what they should; and the device can be closed.
 */
export function deathScenario(
  image: ExploredImage,
  program: DeathProgram,
  options: DeathScenarioOptions = {},
): Scenario {
  const make = (recorder: StepRecorder): Program => {
    const scene = new SharedScene(image, recorder, program, options)
    const { lives } = scene
    const clock = new CountingClock()
    const runs = program.tasks.map((operations) => operations.map(runOf))
    const tasks = runs.map((ofTask, task) => {
      const device = lives.as(task, () => runBlocking(scene.join()))
      const operation = inTurn(recorder, clockOf(task, lives, clock), device, ofTask)
      return { name: ofTask.map((run) => run.operation.kind).join(' + '), operation: lives.live(operation) }
    })
    for (let newcomer = 0; newcomer < (program.newcomers ?? 0); newcomer++)
      tasks.push({ name: 'join', operation: lives.live(scene.comeAndStay()) })
    return {
      tasks,
      check: () => {
        options.onEnd?.(lives.came)
        // Those that live, the one that attached, and the one that is to join.
        const living = tasks.length - lives.came.length + 2
        return aftermathProblem(scene, runs.flat(), clock, living)
      },
      dispose: () => image.memory.rollBack(),
    }
  }
  return { name: program.name, make }
}
