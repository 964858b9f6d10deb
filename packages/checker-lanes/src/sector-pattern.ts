/**
 * What stress writes into sectors, so that every wrong byte names who wrote it.
 *
 * A sector is a row of units of 32 bytes. Each carries worker, task, generation, LBA, its own number and a check over them, and
 * so tells by itself who wrote it, for which sector, and in which of the writer's writes. A rest smaller than a unit is the
 * beginning of one.
 *
 * Nothing is allocated for a sector that is whole: they are looked at after every read.
 */

/** One write of one sector. Fields are written by `readWhole`, so that it needs no object a call. */
export interface Stamp {
  /** From 0 to 65535, both. */
  worker: number
  task: number
  /** Counts the writes of the task, from 1. */
  generation: number
  lba: number
}

export type Content = 'zeros' | 'unknown' | Readonly<Stamp>

/** A part of a sector that has one content. Bytes. */
export interface Run {
  readonly offset: number
  readonly length: number
  readonly content: Content
}

export const UNIT_BYTES = 32

const MAGIC = 0x656e_616c
const WORD_BYTES = 4
const AT = {
  magic: 0,
  writer: 4,
  generation: 8,
  lbaLow: 12,
  lbaHigh: 16,
  unit: 20,
  check: 24,
  again: 28,
} as const

function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e37_79b1)
  return product ^ (product >>> 15)
}

/** The part of the check that all units of a sector share. */
function checkOf({ worker, task, generation, lba }: Readonly<Stamp>): number {
  const writer = (worker << 16) | task
  return mix(mix(mix(mix(MAGIC, writer), generation | 0), lba | 0), Math.floor(lba / 2 ** 32))
}

function writeUnit(view: DataView, at: number, stamp: Readonly<Stamp>, shared: number, unit: number): void {
  const check = mix(shared, unit)
  view.setInt32(at + AT.magic, MAGIC, true)
  view.setInt32(at + AT.writer, (stamp.worker << 16) | stamp.task, true)
  view.setInt32(at + AT.generation, stamp.generation, true)
  view.setInt32(at + AT.lbaLow, stamp.lba | 0, true)
  view.setInt32(at + AT.lbaHigh, Math.floor(stamp.lba / 2 ** 32), true)
  view.setInt32(at + AT.unit, unit, true)
  view.setInt32(at + AT.check, check, true)
  view.setInt32(at + AT.again, ~check, true)
}

/** Decodes a unit; false when it is none, is damaged, or belongs elsewhere in its sector. */
function readUnit(view: DataView, at: number, unit: number, into: Stamp): boolean {
  if (view.getInt32(at + AT.magic, true) !== MAGIC || view.getInt32(at + AT.unit, true) !== unit) return false
  const writer = view.getUint32(at + AT.writer, true)
  into.worker = writer >>> 16
  into.task = writer & 0xffff
  into.generation = view.getUint32(at + AT.generation, true)
  into.lba = view.getUint32(at + AT.lbaHigh, true) * 2 ** 32 + view.getUint32(at + AT.lbaLow, true)
  const check = mix(checkOf(into), unit)
  return view.getInt32(at + AT.check, true) === check && view.getInt32(at + AT.again, true) === ~check
}

/** A unit of which only a part is looked at: one a thread, used and forgotten within a call. */
const rest = new DataView(new ArrayBuffer(UNIT_BYTES))

/** Fills `length` bytes from `at` on as the sector that `stamp` describes; at least 32. */
export function fillSector(view: DataView, at: number, length: number, stamp: Readonly<Stamp>): void {
  const shared = checkOf(stamp)
  const units = Math.floor(length / UNIT_BYTES)
  for (let unit = 0; unit < units; unit++) writeUnit(view, at + unit * UNIT_BYTES, stamp, shared, unit)
  const done = units * UNIT_BYTES
  if (done === length) return
  writeUnit(rest, 0, stamp, shared, units)
  for (let i = done; i < length; i++) view.setUint8(at + i, rest.getUint8(i - done))
}

/** Whether the rest of a sector behind its last whole unit is what `stamp` left there. */
function restIsOf(view: DataView, at: number, length: number, stamp: Readonly<Stamp>): boolean {
  const units = Math.floor(length / UNIT_BYTES)
  const done = units * UNIT_BYTES
  writeUnit(rest, 0, stamp, checkOf(stamp), units)
  for (let i = done; i < length; i++) {
    if (view.getUint8(at + i) !== rest.getUint8(i - done)) return false
  }
  return true
}

/** Whether a sector is one whole write, and which: `into` has it then, and anything otherwise. */
export function readWhole(view: DataView, at: number, length: number, into: Stamp): boolean {
  if (!readUnit(view, at, 0, into)) return false
  const shared = checkOf(into)
  const writer = view.getInt32(at + AT.writer, true)
  const units = Math.floor(length / UNIT_BYTES)
  for (let unit = 1; unit < units; unit++) {
    const start = at + unit * UNIT_BYTES
    const check = mix(shared, unit)
    const isSame =
      view.getInt32(start + AT.magic, true) === MAGIC &&
      view.getInt32(start + AT.writer, true) === writer &&
      view.getUint32(start + AT.generation, true) === into.generation &&
      view.getInt32(start + AT.lbaLow, true) === (into.lba | 0) &&
      view.getInt32(start + AT.lbaHigh, true) === Math.floor(into.lba / 2 ** 32) &&
      view.getInt32(start + AT.unit, true) === unit &&
      view.getInt32(start + AT.check, true) === check &&
      view.getInt32(start + AT.again, true) === ~check
    if (!isSame) return false
  }
  return restIsOf(view, at, length, into)
}

/** Whether all bytes are zero. */
export function isZero(view: DataView, at: number, length: number): boolean {
  const words = length - (length % WORD_BYTES)
  for (let i = 0; i < words; i += WORD_BYTES) if (view.getInt32(at + i, true) !== 0) return false
  for (let i = words; i < length; i++) if (view.getUint8(at + i) !== 0) return false
  return true
}

function contentOf(view: DataView, at: number, length: number, unit: number, before: Content): Content {
  if (isZero(view, at, length)) return 'zeros'
  const stamp: Stamp = { worker: 0, task: 0, generation: 0, lba: 0 }
  if (length === UNIT_BYTES) return readUnit(view, at, unit, stamp) ? stamp : 'unknown'
  // A rest does not name its writer; it can only be compared with what stands before it.
  const start = at - unit * UNIT_BYTES
  const isOfBefore = typeof before === 'object' && restIsOf(view, start, unit * UNIT_BYTES + length, before)
  return isOfBefore ? before : 'unknown'
}

function isSameContent(one: Content, other: Content): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other
  return (
    one.worker === other.worker &&
    one.task === other.task &&
    one.generation === other.generation &&
    one.lba === other.lba
  )
}

/** Takes a sector apart: what it is made of, from its first byte to its last. A unit is one content, or the end of one and the beginning of the next. */
export function contentRuns(view: DataView, at: number, length: number): Run[] {
  const runs = unitRuns(view, at, length)
  for (let i = 1; i + 1 < runs.length; i++) {
    const [before, mixed, after] = runs.slice(i - 1, i + 2)
    if (before === undefined || after === undefined || mixed?.content !== 'unknown') continue
    const end = seamOf(view, at, before, mixed, after)
    if (end === undefined) continue
    runs.splice(
      i - 1,
      3,
      { ...before, length: end - before.offset },
      { ...after, offset: end, length: after.offset + after.length - end },
    )
  }
  return runs
}

/** The byte at which the content before a mixed unit ends and the one behind it begins; `undefined` where these two do not explain the unit. */
function seamOf(view: DataView, at: number, before: Run, mixed: Run, after: Run): number | undefined {
  if (mixed.length !== UNIT_BYTES || before.content === 'unknown' || after.content === 'unknown')
    return undefined
  let seam = 0
  while (
    seam < UNIT_BYTES &&
    byteOf(before.content, mixed.offset, seam) === view.getUint8(at + mixed.offset + seam)
  )
    seam++
  for (let i = seam; i < UNIT_BYTES; i++) {
    if (byteOf(after.content, mixed.offset, i) !== view.getUint8(at + mixed.offset + i)) return undefined
  }
  return mixed.offset + seam
}

/** Byte `index` that a content has in the unit which begins at `offset` of a sector. */
function byteOf(content: 'zeros' | Readonly<Stamp>, offset: number, index: number): number {
  if (content === 'zeros') return 0
  writeUnit(rest, 0, content, checkOf(content), offset / UNIT_BYTES)
  return rest.getUint8(index)
}

function unitRuns(view: DataView, at: number, length: number): Run[] {
  const runs: Run[] = []
  let before: Content = 'unknown'
  for (let offset = 0, unit = 0; offset < length; offset += UNIT_BYTES, unit++) {
    const size = Math.min(UNIT_BYTES, length - offset)
    const content = contentOf(view, at + offset, size, unit, before)
    const last = runs.at(-1)
    if (last !== undefined && isSameContent(last.content, content))
      runs[runs.length - 1] = { ...last, length: last.length + size }
    else runs.push({ offset, length: size, content })
    before = content
  }
  return runs
}

/** As `contentRuns`, without the units that are as expected. Runs of one content that expected bytes part are two. */
export function differingRuns(actual: DataView, expected: DataView, at: number, length: number): Run[] {
  const differing: Run[] = []
  for (const { offset, length: runLength, content } of contentRuns(actual, at, length)) {
    let from = -1
    const end = offset + runLength
    for (let unitAt = offset; unitAt < end; unitAt += UNIT_BYTES) {
      const isSame = isSameUnit(actual, expected, at + unitAt, Math.min(UNIT_BYTES, end - unitAt))
      if (!isSame && from < 0) from = unitAt
      if (isSame && from >= 0) {
        differing.push({ offset: from, length: unitAt - from, content })
        from = -1
      }
    }
    if (from >= 0) differing.push({ offset: from, length: end - from, content })
  }
  return differing
}

function isSameUnit(one: DataView, other: DataView, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (one.getUint8(at + i) !== other.getUint8(at + i)) return false
  return true
}
