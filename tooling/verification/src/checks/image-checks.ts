/** Attaching images that were made by hand: foreign ones, damaged ones, large ones. */
import { errorEntry, normalEntry } from '@bttkit/btt-format'
import { isBttkitError, type AttachOptions, type BttDevice, type Engine } from '@bttkit/interfaces'
import { PowerFailMemory } from '@bttkit/pmem-power-fail'
import { runAtomic } from '@bttkit/sleepable'
import type { Subject } from '../subject.ts'
import { runCases, type Check } from './check.ts'
import { ImageView, smallImage, twoArenas } from './images.ts'
import { SparseMemory } from './sparse-memory.ts'

function attach(engine: Engine, image: Uint8Array, options: AttachOptions = {}): BttDevice {
  return runAtomic(engine.attach(new PowerFailMemory({ media: image, model: 'strict' }), options))
}

/** Says so when an attach for writing does not fail with this code. */
function expectRefusal(
  engine: Engine,
  image: Uint8Array,
  code: string,
  options: AttachOptions = {},
): string | undefined {
  try {
    attach(engine, image, options)
  } catch (error) {
    if (isBttkitError(error) && error.code === code) return undefined
    return `it is refused with ${String(error)}, and not with ${code}`
  }
  return `it is not refused (${code})`
}

function firstByte(device: BttDevice, lba: number): number | undefined {
  const sector = new Uint8Array(device.sectorSize)
  runAtomic(device.sleepable.read(lba, sector))
  return sector[0]
}

/** The last write of lane 0 as if its map entry had never been stored, its flog entry in the dialect of PMDK or with the error flag. */
function interruptedWrite(
  { engine }: Subject,
  flagged: (block: number) => number,
  dialect: string,
): string | undefined {
  const image = smallImage(engine)
  const view = new ImageView(engine, image)
  const slot = view.newerSlot(0)
  const [lba, old, fresh] = [view.flogWord(0, slot, 0), view.flogWord(0, slot, 1), view.flogWord(0, slot, 2)]
  view.setFlogWord(0, slot, 1, flagged(old))
  if (dialect === 'PMDK') view.setFlogWord(0, slot, 2, normalEntry(fresh))
  view.setEntry(lba, normalEntry(old))
  const found = firstByte(attach(engine, image), lba)
  return found === 0x80 + lba
    ? undefined
    : `an interrupted write with the flags of ${dialect} is not completed: ${found}`
}

function equalSequences({ engine }: Subject): string | undefined {
  const image = smallImage(engine)
  const view = new ImageView(engine, image)
  view.setFlogWord(0, 1 - view.newerSlot(0), 3, view.flogWord(0, view.newerSlot(0), 3))
  const problem = expectRefusal(engine, image, 'BTT_FLOG')
  return problem && `two equal sequence numbers: ${problem}`
}

function lanesBeyondSpareBlocks({ engine }: Subject): string | undefined {
  const problem = expectRefusal(engine, twoArenas(engine), 'BTT_LANE_MISUSE', { laneCount: 4 })
  return problem && `four lanes over an arena with two spare blocks: ${problem}`
}

/** Without its primary info block an arena may be read, and not written to. */
function backupAlone({ engine }: Subject): string | undefined {
  const image = smallImage(engine)
  image.fill(0, 4096, 8192)
  const found = firstByte(attach(engine, image, { readOnly: true }), 7)
  if (found !== 0x87) return `from its backup info block alone an arena is read wrongly: ${found}`
  const problem = expectRefusal(engine, image, 'BTT_WRITE_REFUSED')
  return problem && `a backup info block alone: ${problem}`
}

const LARGE_BYTES = 5 * 2 ** 30

/** An arena whose backup info block is beyond 4 GiB. */
function largeArena({ engine }: Subject): string | undefined {
  const memory = new SparseMemory(LARGE_BYTES)
  runAtomic(engine.create(memory, { externalLbasize: 4096, nfree: 2 }))
  const device = runAtomic(engine.attach(memory))
  const [arena] = device.info.arenas
  if (arena?.info2off !== LARGE_BYTES - 2 * 4096)
    return `the backup info block of a large arena is at ${arena?.info2off}`
  runAtomic(device.sleepable.write(9, new Uint8Array(4096).fill(7)))
  memory.zero(4096, 4096)
  const found = firstByte(runAtomic(engine.attach(memory, { readOnly: true })), 9)
  return found === 7 ? undefined : `a large arena is read wrongly from its backup info block: ${found}`
}

export const IMAGE_CHECKS: readonly Check[] = [
  {
    name: 'hand-made images',
    checker: 'images',
    run: (subject) =>
      runCases([
        () => equalSequences(subject),
        () => interruptedWrite(subject, normalEntry, 'PMDK'),
        () => interruptedWrite(subject, errorEntry, 'a lost sector'),
        () => lanesBeyondSpareBlocks(subject),
        () => backupAlone(subject),
        () => largeArena(subject),
      ]),
  },
]
