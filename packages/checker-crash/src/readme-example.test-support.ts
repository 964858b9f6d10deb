import {
  checkOverlapping,
  formatCrashDiagram,
  formatCrashFile,
  overlappingOptions,
  replayCase,
  shrinkCase,
  type CrashProgram,
  type CrashSetting,
} from '@bttkit/checker-crash'
import { ExploredImage, engineWithLanes } from '@bttkit/checker-lanes'
import type { Engine, PmemProvider } from '@bttkit/interfaces'

/** Storage of one's own. Its mistake: it says of a range that it is durable, and does nothing. */
function hasty(inner: PmemProvider): PmemProvider {
  return {
    name: 'hasty',
    size: inner.size,
    readOnly: inner.readOnly,
    capabilities: inner.capabilities,
    annotate: (stage, lane) => inner.annotate?.(stage, lane),
    read: (offset, target) => inner.read(offset, target),
    write: (offset, source) => inner.write(offset, source),
    persist: () => undefined,
    flush: () => inner.flush(),
    close: () => inner.close(),
  }
}

/** A lane table of one's own goes in as `makeParts` of `engineWithLanes`. */
function makeEngine(lanes: CrashProgram['lanes']): Engine {
  const engine = engineWithLanes(lanes)
  return { ...engine, attach: (provider, options) => engine.attach(hasty(provider), options) }
}

export async function checkHastyStorage() {
  const setting: CrashSetting = { image: new ExploredImage().memory.bytes, makeEngine, limit: 50 }
  const program: CrashProgram = {
    model: 'px86',
    lanes: { table: 'mutex', laneCount: 2 },
    tasks: [
      [
        { kind: 'write', lba: 3, count: 2, value: 1 },
        { kind: 'read', lba: 3, count: 1 },
      ],
      [{ kind: 'write', lba: 20, count: 1, value: 2 }],
    ],
  }
  const { violation } = await checkOverlapping(overlappingOptions(program, setting))
  if (violation === undefined) return 'every state is right'

  const found = await shrinkCase(program, violation, setting)
  return {
    diagram: formatCrashDiagram(replayCase(found, setting)),
    file: formatCrashFile({ kind: 'overlapping', found }),
  }
}
