import { LayoutError } from '@bttkit/interfaces'
import { INFO_BLOCK_BYTES, type InfoBlock } from './info-block.ts'
import { layOut, type ArenaLayout, type LayoutDialect } from './layout.ts'

const DIALECTS: readonly LayoutDialect[] = ['kernel', 'pmdk']
const FIELDS = [
  'dataoff',
  'mapoff',
  'logoff',
  'info2off',
  'externalNlba',
  'internalNlba',
  'internalLbasize',
] as const satisfies readonly (keyof ArenaLayout & keyof InfoBlock)[]

type LayoutField = (typeof FIELDS)[number]

function layOutAs(info: InfoBlock, dialect: LayoutDialect): ArenaLayout | undefined {
  const { externalLbasize, nfree, info2off } = info
  try {
    // The backup is the last page of an arena, so it tells the size.
    const arenas = layOut({ sizeBytes: info2off + INFO_BLOCK_BYTES, externalLbasize, nfree, dialect })
    return arenas.length === 1 ? arenas[0] : undefined
  } catch (error) {
    if (error instanceof LayoutError) return undefined
    throw error
  }
}

/**
 * The fields in which an arena is laid out otherwise than any known writer lays out one of its size, sector size and nfree: those that differ from the
 * writer that comes closest. Empty where one does it so.
 */
export function unusualLayoutFields(info: InfoBlock): readonly LayoutField[] {
  const differences = DIALECTS.map((dialect) => {
    const layout = layOutAs(info, dialect)
    return FIELDS.filter((field) => layout?.[field] !== info[field])
  })
  return differences.toSorted((a, b) => a.length - b.length)[0] ?? []
}
