/** Zeroing by data, which is made of looks at the map and of writes. All other checks zero by flags. */
import { checkCrashes } from '@bttkit/checker-crash'
import { ExploredImage, sectors, type DeviceOperation } from '@bttkit/checker-lanes'
import { mapState, zeroEntry } from '@bttkit/btt-format'
import type { Engine } from '@bttkit/interfaces'
import { PowerFailMemory, type PowerFailModel } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import type { Subject } from '../subject.ts'
import { runAll, runCases, type Check } from './check.ts'
import { AFTERWARDS, crashVerdict, everyKind } from './crash-checks.ts'
import { ImageView, smallImage } from './images.ts'
import { verdictOn } from './schedule-checks.ts'

const LBA = 3
/** Sectors from here on were never written. */
const UNWRITTEN = 40
/** The last sector of a map line. */
const LAST_OF_LINE = 15

const PROGRAMS: readonly { readonly name: string; readonly tasks: DeviceOperation[][] }[] = [
  { name: 'two zeroings of one sector', tasks: [[sectors('zero', LBA)], [sectors('zero', LBA)]] },
  {
    name: 'a zeroing over two map lines, and a write of one sector of it',
    tasks: [[sectors('zero', LAST_OF_LINE, 2)], [sectors('write', LAST_OF_LINE, 1, 1)]],
  },
  {
    name: 'a zeroing of sectors that were never written, and a batch of them',
    tasks: [[sectors('zero', UNWRITTEN, 2)], [sectors('write', UNWRITTEN, 2, 1)]],
  },
  {
    name: 'a zeroing of two sectors, a reader and a writer',
    tasks: [[sectors('zero', LBA, 2)], [sectors('read', LBA, 2)], [sectors('write', LBA + 1, 1, 1)]],
  },
]

const beside: Check = {
  name: 'zeroing by data beside others',
  checker: 'schedules',
  run: ({ makeParts }) => {
    const image = new ExploredImage('data')
    const lanes = { table: 'of the subject', laneCount: 3 }
    return runAll(
      PROGRAMS.map(
        ({ name, tasks }) =>
          () =>
            verdictOn(image, { name, lanes, tasks }, makeParts, { maxPreemptions: tasks.length > 2 ? 1 : 2 }),
      ),
    )
  },
}

function zeroingByData(engine: Engine): Engine {
  return {
    ...engine,
    attach: (provider, options) => engine.attach(provider, { ...options, zeroing: 'data' }),
  }
}

/** Classes for each point, of which a bug may make more than anybody can run. */
const LIMIT = 300
const MODELS: readonly PowerFailModel[] = ['px86', 'buffered']

const cut: Check = {
  name: 'zeroing by data, and its recovery',
  checker: 'crashes',
  run: (subject) =>
    runAll(
      MODELS.map((model) => () => {
        const engine = zeroingByData(subject.engine)
        const image = smallImage(engine, 512, { nfree: 4 })
        const workload = everyKind(512)
        const options = { engine, image, model, workload, operationsAfterwards: AFTERWARDS, limit: LIMIT }
        return crashVerdict(`zeroing by data, ${model}`, checkCrashes({ ...options, duringRecovery: true }))
      }),
    ),
}

const FIRST = 30
const COUNT = 30

/** Zeroes sectors that are written, zero by flags, or were never written over old data. Linux reads the block that the entry names, and wrongly where one says zero. */
function zeroedForLinux({ engine }: Subject): string | undefined {
  const image = smallImage(engine)
  const view = new ImageView(engine, image)
  view.setEntry(FIRST + 1, zeroEntry(view.blockOf(FIRST + 1)))
  const old = view.blockOffset(view.blockOf(FIRST + COUNT - 1))
  image.fill(0xab, old, old + 512)

  const memory = new PowerFailMemory({ media: image, model: 'strict' })
  const device = runAtomic(zeroingByData(engine).attach(memory))
  runAtomic(device.sleepable.zero(FIRST, COUNT))
  const left = new Uint8Array(memory.size)
  memory.read(0, left)
  const after = new ImageView(engine, left)
  for (let lba = FIRST; lba < FIRST + COUNT; lba++) {
    if (mapState(after.entry(lba)) === 'zero') return `the map calls LBA ${lba} zero`
    const block = after.blockOffset(after.blockOf(lba))
    if (left.subarray(block, block + 512).some((byte) => byte !== 0))
      return `the block of LBA ${lba} is not zero`
  }
  return undefined
}

const forLinux: Check = {
  name: 'sectors zeroed for Linux',
  checker: 'images',
  run: (subject) => runCases([() => zeroedForLinux(subject)]),
}

export const ZEROING_CHECKS: readonly Check[] = [beside, cut, forLinux]
