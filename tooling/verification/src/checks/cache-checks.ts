/** The cache of the map, so small that lines make room for each other: operations beside each other, threads that die, storage that fails, power failures. */
import { checkCrashes, type CrashOperation } from '@bttkit/checker-crash'
import {
  ExploredImage,
  sectors,
  type DeviceOperation,
  type DeviceProgram,
  type ExploredCache,
} from '@bttkit/checker-lanes'
import type { PowerFailModel } from '@bttkit/pmem-power-fail'
import { choices } from '../choices.ts'
import type { Subject } from '../subject.ts'
import { runAll, runCases, type Check } from './check.ts'
import { AFTERWARDS, crashVerdict, everyKind } from './crash-checks.ts'
import { deathVerdictOn, type DyingProgram } from './death-checks.ts'
import { smallImage } from './images.ts'
import { FAULTS, failEach } from './one-failing-call-check.ts'
import { lostSectorPrograms, verdictOn } from './schedule-checks.ts'

const SECTOR_BYTES = 512
const LBA = 3
/** Of the same map line. It brings the line in. */
const NEIGHBOUR = LBA + 2
/** Of another map line, for which the same place in the cache is the only one. */
const RIVAL = LBA + 64

/** One place for a line in each of four sets: a set has four words and 16 entries. The rival was missed once, so it comes in when it is missed again. */
const FOUR_LINES: ExploredCache = { bytes: 4 * 20 * 4, warm: [NEIGHBOUR, RIVAL], triesLocks: true }
/** Readers do not bring lines in, as the lock is never free at once. */
const WITHOUT_TRIES: ExploredCache = { ...FOUR_LINES, triesLocks: false }
const SETTINGS = [FOUR_LINES, WITHOUT_TRIES]

const READ = sectors('read', LBA)
const READ_RIVAL = sectors('read', RIVAL)

/** By name, with the number that its write shall fill with. */
const OPERATIONS: Readonly<Record<string, (fill: number) => DeviceOperation>> = {
  write: (fill) => sectors('write', LBA, 1, fill),
  'write two': (fill) => sectors('write', LBA, 2, fill),
  'write a half': (fill) => ({ ...sectors('write', LBA, 1, fill), length: SECTOR_BYTES / 2 }),
  zero: () => sectors('zero', LBA),
  read: () => READ,
  'write the rival': (fill) => sectors('write', RIVAL, 1, fill),
  'read the rival': () => READ_RIVAL,
}

function operation(name: string, fill: number): DeviceOperation {
  const make = OPERATIONS[name]
  if (make === undefined) throw new RangeError(`there is no operation "${name}"`)
  return make(fill)
}

const NAMES = Object.keys(OPERATIONS)
const WRITERS = NAMES.filter((name) => !name.startsWith('read'))

/** All pairs of operations, one a task; and one who writes beside one who reads twice, so that the second read could be of something older than the first. */
function* tasksOfTwo(): Generator<{ name: string; tasks: DeviceOperation[][] }> {
  for (const names of choices(NAMES, 2))
    yield { name: names.join(' | '), tasks: names.map((name, index) => [operation(name, index + 1)]) }
  for (const writer of WRITERS)
    for (const [name, reads] of [
      ['read, read', [READ, READ]],
      ['read the rival, read', [READ_RIVAL, READ]],
    ] as const)
      yield { name: `${writer} | ${name}`, tasks: [[operation(writer, 1)], [...reads]] }
}

function* cachePrograms(lanes: DeviceProgram['lanes']): Generator<DeviceProgram> {
  for (const cache of SETTINGS)
    for (const { name, tasks } of tasksOfTwo())
      yield { name: `${name}${cache.triesLocks ? '' : ', no lock at once'}`, lanes, cache, tasks }
}

const beside: Check = {
  name: 'operations over a cached map',
  checker: 'schedules',
  run: ({ makeParts }) => {
    const image = new ExploredImage()
    const programs = [...cachePrograms({ table: 'of the subject', laneCount: 2 })]
    return runAll(programs.map((program) => () => verdictOn(image, program, makeParts)))
  },
}

const lostSector: Check = {
  name: 'a lost sector, and a cached map',
  checker: 'schedules',
  run: (subject) =>
    runAll(SETTINGS.flatMap((cache) => lostSectorPrograms(subject, { cache, maxPreemptions: 1 }))),
}

/** Who dies has the line in the cache, brings it in, or makes room for another one. */
const DYING_OVER_CACHE: readonly DyingProgram[] = [
  ['write', 'read'],
  ['write', 'write'],
  ['write two', 'read'],
  ['zero', 'read'],
  ['zero', 'write'],
  ['read', 'write'],
  ['read the rival', 'write'],
  ['write the rival', 'read'],
].map(([dying = '', other = '']) => ({
  name: `${dying}, and dies, over a cached map | ${other}`,
  tasks: [[operation(dying, 1)], [operation(other, 2)]],
  laneCount: 2,
  cache: FOUR_LINES,
  dying: [{ task: 0 }],
}))

const deaths: Check = {
  name: 'a thread dies over a cached map',
  checker: 'schedules',
  run: (subject) => {
    const image = new ExploredImage()
    return runAll(DYING_OVER_CACHE.map((program) => () => deathVerdictOn(image, program, subject)))
  },
}

/** The subject with a place in the cache for each map lock of a small image. */
function withCache({ engine, makeParts }: Subject): Subject {
  const mapCacheBytes = 2 * 20 * 4
  return {
    makeParts,
    engine: {
      attach: (provider, options) => engine.attach(provider, { mapCacheBytes, ...options }),
      join: (provider, share) => engine.join(provider, share),
      create: (provider, options) => engine.create(provider, options),
    },
  }
}

function* failures(subject: Subject): Generator<() => string | undefined> {
  const image = smallImage(subject.engine)
  for (const fault of FAULTS) yield* failEach(subject, { image, model: 'px86', fault })
}

const failing: Check = {
  name: 'one failing call over a cached map',
  checker: 'failing storage',
  run: (subject) => runCases(failures(withCache(subject))),
}

const MODELS: readonly PowerFailModel[] = ['px86', 'buffered']
/** Classes for each point, of which a bug may make more than anybody can run. */
const LIMIT = 300
/** Of the sectors of `everyKind`, one that is in the same place of the cache. */
const RIVALS: readonly CrashOperation[] = [
  { kind: 'write', lba: 33 + 32, count: 1, value: 5 },
  { kind: 'write', lba: 33, count: 1, value: 6 },
]

const cut: Check = {
  name: 'every kind of operation over a cached map',
  checker: 'crashes',
  run: (subject) => {
    const { engine } = withCache(subject)
    const image = smallImage(engine)
    const workload = [...everyKind(SECTOR_BYTES), ...RIVALS]
    const options = { engine, image, workload, operationsAfterwards: AFTERWARDS, limit: LIMIT }
    return runAll(MODELS.map((model) => () => crashVerdict(model, checkCrashes({ ...options, model }))))
  },
}

export const CACHE_CHECKS: readonly Check[] = [beside, lostSector, failing, cut, deaths]
