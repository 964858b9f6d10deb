/**
 * Operations at once of a thread, and others of another thread after any of their calls. Both memberships are of the one thread of the check: nothing runs
 * in the middle of an operation at once but what its storage calls, and so the storage lets the other thread go on.
 */
import { BttEngine, type EngineParts } from '@bttkit/btt'
import { checkBijection, isBijection } from '@bttkit/checker-lanes'
import type { BttDevice, MaybeSleep, PmemProvider, ProviderCapabilities, Sleepable } from '@bttkit/interfaces'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { SharedLaneTable, SharedLocks, SharedReadTracking } from '@bttkit/region-lanes'
import { runAtomic, runBlocking } from '@bttkit/sleepable'
import type { Subject } from '../subject.ts'
import { runCases, type Check } from './check.ts'
import { initialFill, smallImage } from './images.ts'

/** Of the same map line: the sector that both are about, and others of which one is written by the other thread alone. */
export const LBA = 3
export const FAR = 5
const OWN = 7

export const PARTS_FOR_THREADS: EngineParts = {
  laneTable: (words, options) => new SharedLaneTable(words, options),
  lockTable: (words, thread) => new SharedLocks(words, 'map-lock', thread),
  readTracking: (words, thread) => new SharedReadTracking(words, thread),
}

/** Memory that calls back after each call. */
export class Interrupted implements PmemProvider {
  readonly name = 'memory'
  readonly size: number
  readonly readOnly = false
  readonly capabilities: ProviderCapabilities
  afterCall: () => void = () => {}
  private readonly memory: PowerFailMemory

  constructor(memory: PowerFailMemory, capabilities: Partial<ProviderCapabilities> = {}) {
    this.memory = memory
    this.size = memory.size
    this.capabilities = Object.freeze({ ...memory.capabilities, ...capabilities })
  }

  read(offset: number, target: Uint8Array): MaybeSleep {
    this.memory.read(offset, target)
    this.afterCall()
    return undefined
  }

  write(offset: number, source: Uint8Array): MaybeSleep {
    this.memory.write(offset, source)
    this.afterCall()
    return undefined
  }

  flush(): MaybeSleep {
    this.memory.flush()
    return undefined
  }

  close(): MaybeSleep {
    return undefined
  }
}

interface OtherWrite {
  readonly lba: number
  /** 0 zeroes the sector. */
  readonly fill: number
}

/** Whoever writes after these gets the block that the sector has given up. */
const OTHERS: readonly (readonly OtherWrite[])[] = [
  [{ lba: LBA, fill: 2 }],
  [
    { lba: LBA, fill: 2 },
    { lba: FAR, fill: 3 },
  ],
  [
    { lba: LBA, fill: 0 },
    { lba: LBA, fill: 2 },
    { lba: FAR, fill: 3 },
  ],
  [
    { lba: FAR, fill: 3 },
    { lba: LBA, fill: 2 },
    { lba: OWN, fill: 4 },
  ],
]

/** The operations of the other thread, one after another, as far as they come without what the first one has. */
class OtherThread {
  /** Those that were begun, and those that have ended. */
  readonly begun: OtherWrite[] = []
  private readonly rest: Sleepable<void>

  constructor({ sleepable, sectorSize }: BttDevice, writes: readonly OtherWrite[]) {
    const { begun } = this
    this.rest = (function* () {
      for (const write of writes) {
        begun.push(write)
        const { lba, fill } = write
        yield* fill === 0
          ? sleepable.zero(lba, 1)
          : sleepable.write(lba, new Uint8Array(sectorSize).fill(fill))
      }
    })()
  }

  /** Goes on until it is done, or has to wait; it is let go on again when nobody is in its way. */
  goOn(): void {
    this.rest.next()
  }

  end(): void {
    runBlocking(this.rest)
  }
}

const contentOf = (device: BttDevice, lba: number): number | undefined => {
  const sector = new Uint8Array(device.sectorSize).fill(0xcc)
  device.blocking.read(lba, sector)
  return sector.every((byte) => byte === sector[0]) ? sector[0] : undefined
}

const MINE = 1
/** More than a write makes. */
const MOST_CALLS = 12

/** What is wrong after an operation at once in whose middle, after that call, another thread has written. */
function interrupt(
  image: Uint8Array,
  kind: 'read' | 'write',
  afterCall: number,
  writes: readonly OtherWrite[],
): string | undefined {
  const engine = new BttEngine(PARTS_FOR_THREADS)
  const memory = new PowerFailMemory({ media: image, model: 'strict' })
  const storage = new Interrupted(memory)
  const device = runAtomic(engine.attach(storage, { threads: true }))
  const other = new OtherThread(runBlocking(engine.join(new Interrupted(memory), device.share())), writes)
  let calls = 0
  storage.afterCall = () => {
    if (++calls === afterCall) other.goOn()
  }
  const sector = new Uint8Array(device.sectorSize).fill(MINE)
  device.blocking[kind](LBA, sector)
  storage.afterCall = () => {}
  const [fill] = sector
  const readable = [
    initialFill(LBA),
    ...other.begun.flatMap((write) => (write.lba === LBA ? [write.fill] : [])),
  ]
  if (kind === 'read' && !(sector.every((byte) => byte === fill) && readable.includes(fill ?? -1)))
    return `a read found ${fill}, and not ${readable.join(' or ')}`
  other.end()
  return judge(device, memory, kind, writes)
}

/** Whatever came first: each sector has what was written to it last, and each block one holder. */
function judge(
  device: BttDevice,
  memory: PowerFailMemory,
  kind: 'read' | 'write',
  writes: readonly OtherWrite[],
): string | undefined {
  for (const lba of [LBA, FAR, OWN]) {
    const written = writes.findLast((write) => write.lba === lba)?.fill ?? initialFill(lba)
    const allowed = kind === 'write' && lba === LBA ? [written, MINE] : [written]
    const content = contentOf(device, lba)
    if (content === undefined || !allowed.includes(content))
      return `LBA ${lba} is ${content ?? 'a mixture'}, and not ${allowed.join(' or ')}`
  }
  const report = runAtomic(checkBijection(memory, device.info))
  return isBijection(report) ? undefined : 'blocks have not one holder each'
}

function* cases({ engine }: Subject): Generator<() => string | undefined> {
  const image = smallImage(engine)
  for (const kind of ['read', 'write'] as const)
    for (const writes of OTHERS)
      for (let call = 1; call <= MOST_CALLS; call++)
        yield () => {
          const problem = interrupt(image, kind, call, writes)
          return problem && `another thread writes after call ${call} of a ${kind} at once: ${problem}`
        }
}

export const BESIDE_ANOTHER_THREAD: Check = {
  name: 'operations at once beside another thread',
  checker: 'schedules',
  run: (subject) => runCases(cases(subject)),
}
