/** Providers that are wrong in one thing each: in writing through, in bad blocks, in what is a hole, in being told what calls are for. */
import { BadBlockError, type ByteRange, type CallStage, type MaybeSleep } from '@bttkit/interfaces'
import { CachingProvider, UNIT_BYTES } from './caching-provider.test-support.ts'

export class WritesThroughTheCache extends CachingProvider {
  override writeThrough(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    return this.writeFrom(offset, source, start, length)
  }
}

export class WritesThroughFromTheStart extends CachingProvider {
  override writeThrough(offset: number, source: Uint8Array, _start: number, length: number): MaybeSleep {
    return super.writeThrough(offset, source, 0, length)
  }
}

export class WritesThroughAfterClose extends CachingProvider {
  override writeThrough(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    return this.closed ? undefined : super.writeThrough(offset, source, start, length)
  }
}

/** What is written through is the whole line, with what the medium held. */
export class WritesThroughWholeLines extends CachingProvider {
  override writeThrough(offset: number, source: Uint8Array, start: number, length: number): MaybeSleep {
    const answer = super.writeThrough(offset, source, start, length)
    const end = offset + length
    if (length > 0 && end < this.size) this.medium.cache[end] = this.medium.durable[end] ?? 0
    return answer
  }
}

export class ListsAsItFound extends CachingProvider {
  override badBlocks(): ByteRange[] {
    return [...this.medium.bad].map((offset) => ({ offset, length: UNIT_BYTES }))
  }
}

export class ListsSingleBytes extends CachingProvider {
  override badBlocks(): ByteRange[] {
    return super.badBlocks().map(({ offset }) => ({ offset, length: 1 }))
  }
}

export class ListsNothing extends CachingProvider {
  override badBlocks(): ByteRange[] {
    this.checkOpen()
    return []
  }
}

/** Its list is from before anything was stored. */
export class ForgetsItsData extends CachingProvider {
  dataRanges(): ByteRange[] {
    this.checkOpen()
    return []
  }
}

export class ListsAllItsData extends CachingProvider {
  dataRanges(): ByteRange[] {
    this.checkOpen()
    return [{ offset: 0, length: this.size }]
  }
}

export class ReadsBadBlocks extends CachingProvider {
  protected override checkMedium(offset: number, length: number): void {
    // Only the first byte is looked at.
    super.checkMedium(offset, Math.min(length, 1))
  }
}

export class FailsBesideBadBlocks extends CachingProvider {
  protected override checkMedium(offset: number, length: number): void {
    super.checkMedium(offset, length + 1)
  }
}

export class NamesAnotherUnit extends CachingProvider {
  protected override checkMedium(offset: number, length: number): void {
    try {
      super.checkMedium(offset, length)
    } catch (cause) {
      throw new BadBlockError({ image: this.name, offset: offset - UNIT_BYTES }, 'bad', { cause })
    }
  }
}

export class PartsHeal extends CachingProvider {
  protected override heal(offset: number, length: number): void {
    const first = Math.floor(offset / UNIT_BYTES) * UNIT_BYTES
    const end = Math.ceil((offset + length) / UNIT_BYTES) * UNIT_BYTES
    super.heal(first, end - first)
  }
}

export class HalvesHealTogether extends CachingProvider {
  private last = { offset: 0, end: 0 }

  protected override heal(offset: number, length: number): void {
    const first = offset === this.last.end ? this.last.offset : offset
    this.last = { offset: first, end: offset + length }
    super.heal(first, this.last.end - first)
  }
}

export class ZeroHealsNothing extends CachingProvider {
  override zero(offset: number, length: number): MaybeSleep {
    const bad = [...this.medium.bad]
    const answer = super.zero(offset, length)
    for (const unit of bad) this.medium.bad.add(unit)
    return answer
  }
}

export class FlushHeals extends CachingProvider {
  override flush(): MaybeSleep {
    const answer = super.flush()
    this.medium.bad.clear()
    return answer
  }
}

export class RefusesToBeTold extends CachingProvider {
  override annotate(_stage: CallStage, lane?: number): void {
    if (lane === undefined) throw new TypeError('in which lane?')
  }
}

export class DoesWhatItIsTold extends CachingProvider {
  private clears = false

  override annotate(stage: CallStage): void {
    this.clears = stage === 'clear'
  }

  override write(offset: number, source: Uint8Array): MaybeSleep {
    return this.clears ? super.zero(offset, source.length) : super.write(offset, source)
  }
}
