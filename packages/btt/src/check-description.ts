/**
 * Whether a description of a device can be one that `share` of this engine made, as far as it tells by itself: a wrong number would have a thread
 * read and write words that are something else. That its info blocks are those of the storage is for who joins to find out.
 */
import { sectorShape } from '@bttkit/btt-format'
import { DESCRIPTION_VERSION, type ArenaDescription, type DeviceDescription } from './device-description.ts'

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function areSlots(value: unknown): boolean {
  return isObject(value) && value['first'] === 0 && (value['second'] === 1 || value['second'] === 2)
}

/** Arenas begin behind byte 0 or at it. */
function isArena(value: unknown, laneCount: number): value is ArenaDescription {
  if (!isObject(value) || !isObject(value['info'])) return false
  const { offset, slots, pending } = value
  const { nfree, externalNlba, externalLbasize, info2off } = value['info']
  if (![nfree, externalNlba, externalLbasize, info2off].every(isCount)) return false
  const isPlaced = offset === 0 || isCount(offset)
  return isPlaced && Number(nfree) >= laneCount && areSlots(slots) && pending instanceof Map
}

/** Whether the LBAs of the arenas follow each other, and the device is as large as they are together. */
function addsUp(
  arenas: readonly ArenaDescription[],
  { sectorCount, sectorSize, metadataSize }: Record<string, unknown>,
): boolean {
  let firstLba = 0
  for (const arena of arenas) {
    if (arena.firstLba !== firstLba) return false
    firstLba += arena.info.externalNlba
  }
  const shape = arenas[0] && sectorShape(arenas[0].info.externalLbasize)
  return sectorCount === firstLba && sectorSize === shape?.sectorSize && metadataSize === shape?.metadataSize
}

export function isDescription(value: unknown): value is DeviceDescription {
  if (!isObject(value) || value['version'] !== DESCRIPTION_VERSION) return false
  const { arenas, laneCount, size, isShared, info, mapCacheBytes } = value
  if (mapCacheBytes !== 0 && !isCount(mapCacheBytes)) return false
  if (!isCount(laneCount) || !isCount(size) || isShared !== true || !isObject(info)) return false
  if (!Array.isArray(arenas) || arenas.length === 0) return false
  const known: ArenaDescription[] = []
  // Not `every`, which passes over holes.
  for (const arena of arenas) {
    if (!isArena(arena, laneCount)) return false
    known.push(arena)
  }
  return addsUp(known, info)
}
