import type { ArenaInfo, BttInfo, BttState } from '@bttkit/interfaces'
import { FLAG_ERROR, INFO_BLOCK_BYTES, internalLbasize, sectorShape } from '@bttkit/btt-format'
import type { FoundArena } from './find-btt.ts'
import type { JudgedBtt } from './read-flog.ts'

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

function dialectOf(btt: JudgedBtt): 'kernel' | 'pmdk' {
  if (btt.pool !== undefined || btt.arenas.some((arena) => arena.flog.hasFlags)) return 'pmdk'
  const { externalLbasize, internalLbasize: stride } = btt.arenas[0].info
  const roundedLikePmdk =
    stride === internalLbasize(externalLbasize, 'pmdk') &&
    stride !== internalLbasize(externalLbasize, 'kernel')
  return roundedLikePmdk ? 'pmdk' : 'kernel'
}

/** One sentence for each thing that attach can see to be wrong. */
function problemsOf(btt: JudgedBtt): string[] {
  const problems: string[] = []
  for (const [index, { info, doubts, remarks, flog }] of btt.arenas.entries()) {
    for (const problem of doubts) problems.push(`arena ${index}: ${problem}`)
    for (const problem of remarks) problems.push(`arena ${index}: ${problem}`)
    if ((info.flags & FLAG_ERROR) !== 0)
      problems.push(`arena ${index}: its info block carries the error flag`)
    for (const { lane, problem } of flog.problems) problems.push(`arena ${index}, lane ${lane}: ${problem}`)
  }
  return problems
}

function stateOf(btt: JudgedBtt): BttState {
  const isUnwritable = btt.arenas.some(
    ({ info, doubts, flog }) =>
      doubts.length > 0 || flog.problems.length > 0 || (info.flags & FLAG_ERROR) !== 0,
  )
  if (isUnwritable) return 'error'
  return btt.arenas.some(({ flog }) => flog.pending.length > 0) ? 'needs-recovery' : 'clean'
}

/** What `btt info` says of a BTT. */
export function describeBtt(image: string, btt: JudgedBtt): BttInfo {
  const { info } = btt.arenas[0]
  return {
    image,
    namespaceOffset: btt.namespaceOffset,
    format: {
      version: `${info.major}.${info.minor}`,
      dialect: dialectOf(btt),
      logLayout: btt.arenas.some(({ flog }) => flog.slots.second === 2) ? '0,2' : '0,1',
    },
    ...sectorShape(info.externalLbasize),
    sectorCount: btt.arenas.reduce((sum, arena) => sum + arena.info.externalNlba, 0),
    state: stateOf(btt),
    problems: problemsOf(btt),
    arenas: btt.arenas.map(describeArena),
  }
}
