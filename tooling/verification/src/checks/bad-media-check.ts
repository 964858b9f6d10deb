/** Free blocks on bad media: what is acknowledged can be read, and a neighbour is as it was or lost. */
import { FaultLayer } from '@bttkit/pmem-layers'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import type { Subject } from '../subject.ts'
import { runCases, type Check } from './check.ts'
import { WRITES } from './one-failing-call-check.ts'
import { ImageView, initialFill, smallImage } from './images.ts'
import { ModelledSectors, judgeAgain } from './sector-model.ts'

/** Blocks of 576 bytes share their units of 512 bytes with their neighbours. */
const SHARING_LBASIZE = 520

/** All sectors that were ever written: the neighbours of the free block are among them. */
const WRITTEN_LBAS = Array.from({ length: 40 }, (_, lba) => lba)

/** The free block of a lane is bad at one byte. */
export function writeOverBadMedia(
  { engine }: Subject,
  lbasize: number,
  lane: number,
  atByte: number,
  writes = WRITES,
): string | undefined {
  const image = smallImage(engine, lbasize)
  const view = new ImageView(engine, image)
  const block = view.freeBlock(lane)
  const [offset, end] = [view.blockOffset(block) + atByte, view.blockOffset(block + 1)]
  const memory = new PowerFailMemory({ media: image, model: 'px86' })
  const faulty = new FaultLayer(memory, { mediaErrors: [{ offset, length: 1 }] })
  const [unit, unitEnd] = [Math.floor(offset / 512) * 512, Math.floor(offset / 512) * 512 + 512]
  const isLost = (lba: number): boolean => {
    const start = view.blockOffset(view.blockOf(lba))
    return start < unitEnd && start + lbasize > unit
  }
  const device = runAtomic(engine.attach(faulty))
  const watched = new Map(
    [...WRITTEN_LBAS, 60].map((lba) => [
      lba,
      new Set(isLost(lba) ? [initialFill(lba), 'lost' as const] : [initialFill(lba)]),
    ]),
  )
  const sectors = new ModelledSectors(device, watched)
  const what = `a free block of ${end - view.blockOffset(block)} bytes, bad at byte ${atByte}`
  for (const write of writes) {
    sectors.write(write)
    for (let lba = write.lba; lba < write.lba + (write.count ?? 1); lba++) {
      const problem = sectors.judgeSector(lba)
      if (problem !== undefined) return `${what}: ${problem}`
    }
  }
  const problem = sectors.judge() ?? judgeAgain(engine, faulty, sectors)
  return problem && `${what}: ${problem}`
}

function* cases(subject: Subject): Generator<() => string | undefined> {
  for (const lbasize of [512, SHARING_LBASIZE])
    for (const lane of [0, 1])
      for (const atByte of [0, 300, lbasize - 1])
        yield () => writeOverBadMedia(subject, lbasize, lane, atByte)
}

export const BAD_MEDIA: Check = {
  name: 'free blocks on bad media',
  checker: 'failing storage',
  run: (subject) => runCases(cases(subject)),
}
