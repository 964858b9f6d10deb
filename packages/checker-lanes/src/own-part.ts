/**
 * A part of a sector that one task alone writes, while other tasks write the other parts: exactly the bytes that it wrote last must be there. A
 * write of a part is a read, a change and a write of the whole sector; one that takes no notice of another loses what that one wrote.
 */
import type { Findings, MismatchKind, TaskName } from './findings.ts'
import { differingRuns, isZero, type Content, type Run } from './sector-pattern.ts'
import type { PartPlace } from './stress-plan.ts'

export class OwnPart {
  readonly place: PartPlace
  private readonly sectorSize: number
  /** A whole sector, of which only the part counts. */
  private readonly expected: Uint8Array
  private readonly expectedView: DataView
  /** Of the write that should be there; `null` for zeros. */
  private generation: number | null = null
  private isInDoubt = false

  /** All zeros at first. */
  constructor(place: PartPlace, sectorSize: number) {
    this.place = place
    this.sectorSize = sectorSize
    this.expected = new Uint8Array(sectorSize)
    this.expectedView = new DataView(this.expected.buffer)
  }

  /** The part has the bytes that stand in its place in `sector`, of this write; `undefined` stands for zeros. */
  expect(sector: Uint8Array | undefined, generation: number | null): void {
    const { start, length } = this.place
    if (sector === undefined) this.expected.fill(0, start, start + length)
    else this.expected.set(sector.subarray(start, start + length), start)
    this.generation = generation
    this.isInDoubt = false
  }

  /** A change failed: the part is not judged until it is written again. */
  doubt(): void {
    this.isInDoubt = true
  }

  /** Judges the part in a whole sector that was read. */
  judge(sector: Uint8Array, reader: TaskName, findings: Findings): void {
    if (this.isInDoubt || this.isAsExpected(sector)) return
    const { lba } = this.place
    const view = new DataView(sector.buffer, sector.byteOffset, this.sectorSize)
    for (const run of differingRuns(view, this.expectedView, 0, this.sectorSize)) {
      const within = this.clip(run)
      if (within === undefined) continue
      const kind = this.isZeroed(view) ? 'lost' : kindOf(run.content, lba, reader)
      findings.mismatch(reader, lba, within, kind, this.generation)
    }
  }

  private isAsExpected(sector: Uint8Array): boolean {
    const { start, length } = this.place
    const end = start + length
    return Buffer.prototype.compare.call(this.expected, sector, start, end, start, end) === 0
  }

  private isZeroed(view: DataView): boolean {
    return isZero(view, this.place.start, this.place.length)
  }

  /** What of a run lies in the part. */
  private clip(run: Run): Run | undefined {
    const { start, length } = this.place
    const from = Math.max(run.offset, start)
    const end = Math.min(run.offset + run.length, start + length)
    return from < end ? { offset: from, length: end - from, content: run.content } : undefined
  }
}

/** What it means to find this in the part instead of what was written last. */
function kindOf(content: Content, lba: number, own: TaskName): MismatchKind {
  if (typeof content !== 'object') return 'torn'
  if (content.lba !== lba) return 'other LBA'
  return content.worker === own.worker && content.task === own.task ? 'stale' : 'torn'
}
