/**
 * The sectors that one task alone writes: exactly the bytes that it wrote last must be there, whatever the others do.
 *
 * A write that failed leaves open which bytes there are; such a sector is not judged until it is written as a whole again.
 */
import type { Findings, MismatchKind, TaskName } from './findings.ts'
import { contentRuns, differingRuns, isZero, type Content, type Run, type Stamp } from './sector-pattern.ts'

export class OwnSectors {
  readonly firstLba: number
  readonly count: number
  private readonly sectorSize: number
  private readonly expected: Uint8Array
  private readonly expectedView: DataView
  private readonly inDoubt: boolean[]

  /** All zeros at first. */
  constructor(firstLba: number, count: number, sectorSize: number) {
    this.firstLba = firstLba
    this.count = count
    this.sectorSize = sectorSize
    this.expected = new Uint8Array(count * sectorSize)
    this.expectedView = new DataView(this.expected.buffer)
    this.inDoubt = Array.from({ length: count }, () => false)
  }

  /** The bytes of `source` from `start` up to `end` are there now, at the same place; `undefined` stands for zeros. */
  expect(start: number, end: number, source: Uint8Array | undefined): void {
    if (source === undefined) this.expected.fill(0, start, end)
    else this.expected.set(source.subarray(start, end), start)
    const lastWhole = Math.floor(end / this.sectorSize)
    for (let i = Math.ceil(start / this.sectorSize); i < lastWhole; i++) this.inDoubt[i] = false
  }

  /** A change of this range failed. */
  doubt(start: number, end: number): void {
    const last = Math.ceil(end / this.sectorSize)
    for (let i = Math.floor(start / this.sectorSize); i < last; i++) this.inDoubt[i] = true
  }

  /** Judges `count` sectors from the `first` on, which were read to their place in `actual`. */
  judge(actual: Uint8Array, first: number, count: number, reader: TaskName, findings: Findings): void {
    const { sectorSize } = this
    for (let i = first; i < first + count; i++) {
      const at = i * sectorSize
      if (this.inDoubt[i] === true || this.isAsExpected(actual, at)) continue
      const view = new DataView(actual.buffer, actual.byteOffset, actual.byteLength)
      const lba = this.firstLba + i
      const isOneContent = contentRuns(view, at, sectorSize).length === 1
      for (const run of differingRuns(view, this.expectedView, at, sectorSize)) {
        const kind = kindOf(run.content, { ...reader, lba }, isOneContent)
        findings.mismatch(reader, lba, run, kind, this.expectedGeneration(at, run))
      }
    }
  }

  private isAsExpected(actual: Uint8Array, at: number): boolean {
    const end = at + this.sectorSize
    return Buffer.prototype.compare.call(this.expected, actual, at, end, at, end) === 0
  }

  private expectedGeneration(at: number, { offset, length }: Run): number | null {
    if (isZero(this.expectedView, at + offset, length)) return null
    const covering = contentRuns(this.expectedView, at, this.sectorSize).filter(
      (run) => run.offset < offset + length && offset < run.offset + run.length,
    )
    const [only] = covering
    return covering.length === 1 && typeof only?.content === 'object' ? only.content.generation : null
  }
}

/** What it means to find this where something else should be. */
function kindOf(content: Content, own: TaskName & Pick<Stamp, 'lba'>, isWholeSector: boolean): MismatchKind {
  if (content === 'zeros') return 'lost'
  if (content === 'unknown') return 'torn'
  if (content.lba === own.lba && content.worker === own.worker && content.task === own.task) return 'stale'
  return isWholeSector ? 'other LBA' : 'torn'
}
