import type { ArenaInfo, BttInfo, BttState } from '@bttkit/interfaces'
import { FLAG_ERROR, INFO_BLOCK_BYTES, internalLbasize, sectorShape } from '@bttkit/btt-format'
import type { FoundArena, FoundBtt } from './find-btt.ts'
import type { FlogFindings } from './read-flog.ts'

function describeArena(arena: FoundArena): ArenaInfo {
  const { info, offset } = arena
  const { checksum, ...fields } = info
  return {
    offset,
    size: info.info2off + INFO_BLOCK_BYTES,
    ...fields,
    checksum: `0x${checksum.toString(16).padStart(16, '0')}`,
  }
}

function dialectOf(found: FoundBtt, flogs: readonly FlogFindings[]): 'kernel' | 'pmdk' {
  if (found.pool !== undefined || flogs.some((flog) => flog.hasFlags)) return 'pmdk'
  const { externalLbasize, internalLbasize: stride } = (found.arenas[0] as FoundArena).info
  const roundedLikePmdk =
    stride === internalLbasize(externalLbasize, 'pmdk') &&
    stride !== internalLbasize(externalLbasize, 'kernel')
  return roundedLikePmdk ? 'pmdk' : 'kernel'
}

/** One sentence for each thing that attach can see to be wrong. */
export function problemsOf(found: FoundBtt, flogs: readonly FlogFindings[]): string[] {
  const problems: string[] = []
  for (const [index, arena] of found.arenas.entries()) {
    problems.push(...[...arena.doubts, ...arena.remarks].map((problem) => `arena ${index}: ${problem}`))
    if ((arena.info.flags & FLAG_ERROR) !== 0)
      problems.push(`arena ${index}: its info block carries the error flag`)
    const flog = flogs[index]
    for (const { lane, problem } of flog?.problems ?? [])
      problems.push(`arena ${index}, lane ${lane}: ${problem}`)
  }
  return problems
}

function stateOf(found: FoundBtt, flogs: readonly FlogFindings[]): BttState {
  const unwritable = found.arenas.some(
    (arena) => arena.doubts.length > 0 || (arena.info.flags & FLAG_ERROR) !== 0,
  )
  if (unwritable || flogs.some((flog) => flog.problems.length > 0)) return 'error'
  return flogs.some((flog) => flog.pending.length > 0) ? 'needs-recovery' : 'clean'
}

/** What `btt info` says of a BTT that has at least one arena. */
export function describeBtt(image: string, found: FoundBtt, flogs: readonly FlogFindings[]): BttInfo {
  const { info } = found.arenas[0] as FoundArena
  return {
    image,
    namespaceOffset: found.namespaceOffset,
    format: {
      version: `${info.major}.${info.minor}`,
      dialect: dialectOf(found, flogs),
      logLayout: flogs.some((flog) => flog.slots.second === 2) ? '0,2' : '0,1',
    },
    ...sectorShape(info.externalLbasize),
    sectorCount: found.arenas.reduce((sum, arena) => sum + arena.info.externalNlba, 0),
    state: stateOf(found, flogs),
    problems: problemsOf(found, flogs),
    arenas: found.arenas.map(describeArena),
  }
}
