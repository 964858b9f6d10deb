import { expect, test } from 'vitest'
import type { BttDevice } from '@bttkit/interfaces'
import { stateShapeOf, type DeviceDescription } from './device-description.ts'
import { bijectionProblems } from './engine.test-support.ts'
import { VolatileState } from './volatile-state.ts'
import {
  CHUNKS,
  SECTOR_BYTES,
  chunkValues,
  filled,
  type Driver,
  type LoopJob,
} from './worker.test-support.ts'
import { whyUnavailable } from './over-storages.test-support.ts'
import { storageNamed } from './storages.test-support.ts'
import { SharedImage, TestWorker, patiently, until } from './workers.test-support.ts'

/** Each of three threads has so many sectors of its own: the test's, the survivor's, the victim's, in this order. */
const SECTORS = 8
const ALL_SECTORS = 3 * SECTORS
const SURVIVOR_LBA = SECTORS
const VICTIM_LBA = 2 * SECTORS
/** The registry's numbers of those who live: the test's own thread, and the survivor. */
const LIVING = new Set([1, 2])

const sharedWords = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4))

interface Setting {
  /** One of `storages`. */
  readonly image: string
  readonly victim: Driver
  /** Whether the victim joins and closes again and again, so that it dies in that as well. */
  readonly visits?: boolean
  readonly survivor: Driver
  readonly deaths: number
  readonly laneCount: number
  readonly lanePolicy: 'static' | 'first-idle'
}

/** How many deaths left a lane behind, and how many a map lock; or more, because others are quick to put that in order. */
const leftBehind = { lanes: 0, mapLocks: 0 }

/** A device, a worker that survives, and workers that die one after the other. */
class Scene {
  readonly begun = sharedWords(ALL_SECTORS)
  readonly acknowledged = sharedWords(ALL_SECTORS)
  readonly stop = sharedWords(1)
  /** Starting takes long, so the next is always under way. */
  private next = new TestWorker()
  private readonly setting: Setting
  private readonly image: SharedImage
  private readonly device: BttDevice
  private readonly state: VolatileState
  private generation = 0

  constructor(setting: Setting, image: SharedImage, device: BttDevice) {
    this.setting = setting
    this.image = image
    this.device = device
    const { state, description } = device.share()
    this.state = VolatileState.over(stateShapeOf(description as DeviceDescription), state)
  }

  job(firstLba: number, driver: Driver): LoopJob {
    const { begun, acknowledged, stop } = this
    const share = this.device.share()
    const provider = this.image.spec
    const job = this.setting.visits === true && firstLba === VICTIM_LBA ? 'visits' : 'loop'
    return { job, share, provider, driver, firstLba, sectors: SECTORS, begun, acknowledged, stop }
  }

  sumOf(words: Int32Array, firstLba: number): number {
    return words.subarray(firstLba, firstLba + SECTORS).reduce((sum, word) => sum + word, 0)
  }

  /** One life: starts a worker, and terminates it when it has written so often. */
  async killOne(writes: number): Promise<void> {
    const worker = this.next
    this.next = new TestWorker()
    const before = this.sumOf(this.acknowledged, VICTIM_LBA)
    const end = worker.run(this.job(VICTIM_LBA, this.setting.victim)).catch(() => 'terminated')
    await until('a write of the victim', () => this.sumOf(this.acknowledged, VICTIM_LBA) >= before + writes)
    await worker.terminate()
    if ((await end) !== 'terminated') throw new Error('the victim ended by itself')
    const isLeft = (word: number): boolean => word !== 0 && !LIVING.has(word & 0xff)
    if (this.state.lanes.subarray(0, -1).some(isLeft)) leftBehind.lanes++
    if (this.state.arenas.some(({ mapLocks }) => mapLocks.some(isLeft))) leftBehind.mapLocks++
  }

  /** The others write and read on, through all lanes; what of the victim's sectors is not as it was told. */
  async goOn(): Promise<string[]> {
    const survived = this.sumOf(this.acknowledged, SURVIVOR_LBA)
    const generation = ++this.generation
    const writes = Array.from({ length: SECTORS }, (_, lba) =>
      this.device.write(lba, filled(generation, SECTOR_BYTES)),
    )
    await patiently('a write after the death', Promise.all(writes))
    await until('a write of the survivor', () => this.sumOf(this.acknowledged, SURVIVOR_LBA) > survived)
    const sectors = filled(-1, SECTORS * SECTOR_BYTES)
    await patiently('a read after the death', this.device.read(VICTIM_LBA, sectors))
    return this.lostSectors(chunkValues(sectors), VICTIM_LBA)
  }

  /** What is not so: each sector is of one generation, the last one that was acknowledged, or one that was begun since. */
  lostSectors(chunks: readonly number[], firstLba: number): string[] {
    const lost: string[] = []
    for (let at = 0; at < chunks.length; at += CHUNKS) {
      const lba = firstLba + at / CHUNKS
      const generations = new Set(chunks.slice(at, at + CHUNKS))
      const [generation = -1] = generations
      const least = this.acknowledged[lba] ?? 0
      const most = this.begun[lba] ?? 0
      const isCommitted = generations.size === 1 && generation >= least && generation <= most
      if (!isCommitted) lost.push(`LBA ${lba}: ${[...generations].join(' ')}, not of ${least} to ${most}`)
    }
    return lost
  }

  async end(): Promise<void> {
    await this.next.terminate()
  }

  heldWords(): number {
    const { lanes, arenas } = this.state
    const words = [lanes.subarray(0, -1), ...arenas.flatMap(({ mapLocks, tracking }) => [mapLocks, tracking])]
    return words.reduce((sum, each) => sum + each.filter((word) => word !== 0).length, 0)
  }
}

const settings: Setting[] = [
  { image: 'memory', victim: 'blocking', survivor: 'async', deaths: 6, laneCount: 2, lanePolicy: 'static' },
  { image: 'memory', victim: 'async', survivor: 'blocking', deaths: 6, laneCount: 2, lanePolicy: 'static' },
  {
    image: 'memory',
    victim: 'blocking',
    survivor: 'blocking',
    deaths: 6,
    laneCount: 4,
    lanePolicy: 'first-idle',
  },
  {
    image: 'memory',
    victim: 'blocking',
    visits: true,
    survivor: 'async',
    deaths: 6,
    laneCount: 2,
    lanePolicy: 'static',
  },
  {
    image: 'a file',
    victim: 'async',
    visits: true,
    survivor: 'async',
    deaths: 4,
    laneCount: 2,
    lanePolicy: 'first-idle',
  },
  { image: 'a file', victim: 'blocking', survivor: 'async', deaths: 4, laneCount: 2, lanePolicy: 'static' },
  {
    image: 'a file',
    victim: 'async',
    survivor: 'blocking',
    deaths: 4,
    laneCount: 3,
    lanePolicy: 'first-idle',
  },
  {
    image: 'DAX with libpmem',
    victim: 'blocking',
    survivor: 'async',
    deaths: 4,
    laneCount: 2,
    lanePolicy: 'static',
  },
  {
    image: 'a sleeping flush over memory',
    victim: 'async',
    survivor: 'async',
    deaths: 4,
    laneCount: 2,
    lanePolicy: 'first-idle',
  },
]

test.for(settings)(
  'workers on $image that are terminated at random moments ($victim, visits: $visits, $lanePolicy) harm nobody',
  { timeout: 120_000 },
  async (setting, { skip }) => {
    const storage = storageNamed(setting.image)
    const reason = whyUnavailable(storage)
    if (reason !== undefined) skip(reason)
    using image = new SharedImage(storage)
    const { laneCount, lanePolicy } = setting
    const device = await image.attach({ laneCount, lanePolicy })
    await device.zero(0, ALL_SECTORS)
    const scene = new Scene(setting, image, device)
    const survivor = new TestWorker()
    try {
      const survived = survivor.run(scene.job(SURVIVOR_LBA, setting.survivor))
      await until('the start of the survivor', () => scene.sumOf(scene.acknowledged, SURVIVOR_LBA) > 0)
      for (let death = 0; death < setting.deaths; death++) {
        await scene.killOne(1 + Math.floor(Math.random() * 40))
        expect(await scene.goOn()).toEqual([])
      }
      Atomics.store(scene.stop, 0, 1)
      expect(await patiently('the end of the survivor', survived)).toEqual({ events: [] })
      await patiently('closing', device.close())
    } finally {
      await scene.end()
      await survivor.terminate()
    }
    expect(scene.heldWords()).toBe(0)
    expect(bijectionProblems(image.bytes(), 4096)).toEqual([])
    const again = chunkValues(image.readAgain(ALL_SECTORS))
    expect(scene.lostSectors(again.slice(SURVIVOR_LBA * CHUNKS), SURVIVOR_LBA)).toEqual([])
  },
)

test('some of those deaths were in the middle of a write', () => {
  expect(leftBehind.lanes).toBeGreaterThan(0)
  expect(leftBehind.mapLocks).toBeGreaterThan(0)
})
