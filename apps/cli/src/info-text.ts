/** `btt info` for people. */
import type { ArenaInfo, BttInfo } from '@bttkit/interfaces'
import { FLOG_GROUP_BYTES, MAP_ENTRY_BYTES } from '@bttkit/btt-format'
import { formatSize } from '@bttkit/command-line'
import type { ErrorSectors } from './count-error-sectors.ts'
import { describeProvider, type ProviderInfo } from './storage-info.ts'

type Row = readonly [name: string, ...cells: string[]]

const hex = (value: number): string => `0x${value.toString(16)}`

/** Rows whose cells stand below each other, indented. */
function table(rows: readonly Row[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  )
}

function describeBytes(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${bytes} bytes (${formatSize(bytes)})`
}

function describeBtt(info: BttInfo, errorSectors: ErrorSectors): string[] {
  const { format, sectorCount, sectorSize, metadataSize, namespaceOffset } = info
  const metadata = metadataSize === 0 ? 'no metadata' : `${metadataSize} bytes of metadata each`
  return table([
    ['state', info.state],
    [
      'format',
      `BTT ${format.version}, ${format.dialect === 'pmdk' ? 'as libpmemblk writes it' : 'as Linux writes it'}`,
    ],
    ['flog slots in use', format.logLayout.replace(',', ' and ')],
    ['begins at', `byte ${namespaceOffset} (${hex(namespaceOffset)})`],
    ['sectors', `${sectorCount} of ${sectorSize} bytes, ${metadata}`],
    ['usable', describeBytes(sectorCount * sectorSize)],
    [
      'error sectors',
      'count' in errorSectors ? String(errorSectors.count) : `unknown: ${errorSectors.unknown}`,
    ],
  ])
}

/** The parts of an arena, with the offset of each in it and on the storage. */
function describeParts(arena: ArenaInfo): string[] {
  const part = (name: string, offset: number, bytes: number): Row => [
    name,
    hex(offset).padStart(14),
    hex(arena.offset + offset).padStart(14),
    String(bytes).padStart(14),
    bytes < 1024 ? '' : formatSize(bytes),
  ]
  return table([
    ['part', 'in the arena'.padStart(14), 'on the storage'.padStart(14), 'bytes'.padStart(14)],
    part('info block', 0, arena.infosize),
    part('data', arena.dataoff, arena.internalNlba * arena.internalLbasize),
    part('map', arena.mapoff, arena.externalNlba * MAP_ENTRY_BYTES),
    part('flog', arena.logoff, arena.nfree * FLOG_GROUP_BYTES),
    part('backup', arena.info2off, arena.infosize),
  ])
}

function describeArena(arena: ArenaInfo, index: number): string[] {
  return [
    '',
    `arena ${index}, at byte ${arena.offset} (${hex(arena.offset)})`,
    ...table([
      ['size', describeBytes(arena.size)],
      ['uuid', arena.uuid],
      ['parent uuid', arena.parentUuid],
      ['version', `${arena.major}.${arena.minor}`],
      ['flags', hex(arena.flags)],
      ['sectors', `${arena.externalNlba} of ${arena.externalLbasize} bytes (external)`],
      [
        'blocks',
        `${arena.internalNlba} of ${arena.internalLbasize} bytes (internal), ${arena.nfree} of them spare`,
      ],
      ['next arena', arena.nextoff === 0 ? 'none' : `${hex(arena.nextoff)} from here`],
      ['checksum', arena.checksum],
    ]),
    ...describeParts(arena),
  ]
}

/** A BTT without its arenas and storage, in lines. */
export function describeBttOnly(info: BttInfo, errorSectors: ErrorSectors): string {
  const problems = info.problems.map((problem) => `  problem: ${problem}`)
  return [...describeBtt(info, errorSectors), ...problems].map((line) => `${line}\n`).join('')
}

/** All that is known of an image. */
export interface ImageDescription {
  readonly info: BttInfo
  readonly errorSectors: ErrorSectors
  readonly provider: ProviderInfo
  /** Why nothing would be written on its storage. */
  readonly refusal: string | undefined
}

/** An image in lines. */
export function describeInfo({ info, errorSectors, provider, refusal }: ImageDescription): string {
  const lines = [
    info.image,
    ...describeBtt(info, errorSectors),
    ...info.problems.map((problem) => `  problem: ${problem}`),
    '',
    'storage',
    ...table(describeProvider(provider, info, refusal)),
    ...info.arenas.flatMap(describeArena),
  ]
  return `${lines.join('\n')}\n`
}
