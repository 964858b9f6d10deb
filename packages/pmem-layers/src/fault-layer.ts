import {
  BadBlockError,
  checkRange,
  ProviderIoError,
  type ByteRange,
  type MaybeSleep,
  type PmemProvider,
  type ProviderCapabilities,
  type ProviderShare,
} from '@bttkit/interfaces'
import { mergedRanges } from './byte-ranges.ts'
import { ArmedRule, type FaultRule } from './fault-rule.ts'
import { checkFaults } from './fault-schema.ts'
import { andThen } from './following-waits.ts'
import { MediaErrors } from './media-errors.ts'
import { beginningOf, tornBytes } from './partial-write.ts'
import { PassingLayer } from './passing-layer.ts'
import type { CallPiece, ProviderCall } from './provider-call.ts'
import { LARGEST_SEED, seededRandom } from './seeded-random.ts'
import { sleepThen } from './sleep-then.ts'

export interface FaultOptions {
  /** All of them see every call. The delays of those that strike add up; of the others the first one that strikes counts, of a `writeThrough` one for writes before one for flushes. */
  readonly faults?: readonly FaultRule[]
  /** Units of 512 bytes that these touch are bad from the start. */
  readonly mediaErrors?: readonly ByteRange[]
  /** A whole number from 0 to 2^32 - 1; the same calls meet the same faults. Default 0. */
  readonly seed?: number
}

/** A flush that shall meet a fault is one that has to be asked for. */
function capabilitiesWith(
  faults: readonly FaultRule[],
  inner: ProviderCapabilities,
): Partial<ProviderCapabilities> {
  const delays = faults.filter(({ effect }) => effect === 'delay')
  const waits = delays.length > 0 ? { mayWait: true } : {}
  if (!faults.some(({ on }) => on === 'flush')) return waits
  const sleeps = inner.flush === 'sleeps' || delays.some(({ on }) => on === 'flush')
  return { ...waits, flush: sleeps ? 'sleeps' : 'immediate', durableOnWrite: false }
}

/**
 * Storage that fails when it is told to, with `ProviderIoError`; and whose medium is bad in places, with `BadBlockError`.
 *
 * A bad unit of the medium fails each read that touches it, until one write covers the whole unit. A write to a part of it is stored and leaves it bad.
 * A fault comes before the medium: a call that it strikes does not meet the media errors. A range that is not there comes before both, and is not counted.
 * What a short or torn write stores goes to the inner provider as a `write` or `zero` for each range; so does a `writeThrough` of which only the flush fails.
 * Writes that are under way when another call crashes are finished; those that still sleep are not made.
 */
export class FaultLayer extends PassingLayer {
  private readonly rules: readonly ArmedRule[]
  private readonly media: MediaErrors
  private crashed = false

  /** @throws {TypeError} for a rule, range or seed that makes no sense. */
  constructor(inner: PmemProvider, { faults = [], mediaErrors = [], seed = 0 }: FaultOptions = {}) {
    const rules = checkFaults(faults)
    if (!Number.isInteger(seed) || seed < 0 || seed > LARGEST_SEED) {
      throw new TypeError(`a seed is a whole number from 0 to ${LARGEST_SEED}, and not ${seed}`)
    }
    // What is bad, or fails, may lie in a hole.
    const hides = { hidesDataRanges: true, wantsPurpose: true }
    super(inner, { capabilities: capabilitiesWith(rules, inner.capabilities), ...hides })
    this.rules = rules.map((rule, index) => new ArmedRule(rule, seededRandom(seed + index)))
    this.media = new MediaErrors(this.size)
    for (const range of mediaErrors) this.media.add(range)
  }

  /** Makes the units bad that the range touches. @throws {TypeError} for a range that is not within the storage. */
  addMediaError(offset: number, length: number): void {
    this.media.add({ offset, length })
  }

  /** Those of this layer and those that the inner provider knows. */
  override readonly badBlocks = (): readonly ByteRange[] => {
    this.checkOpen()
    return mergedRanges([...this.media.list(), ...(this.inner.badBlocks?.() ?? [])])
  }

  protected override around(call: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    if (call.kinds.includes('close')) return run()
    this.checkCrash()
    // The inner provider might see only the beginning of a call, and take that.
    for (const { offset, length } of call.pieces) checkRange(this, offset, length)
    // All are asked, also behind one that strikes: each counts every call.
    const struck = this.rules.filter((rule) => rule.strikes(call))
    const delayMs = struck.reduce((sum, { rule }) => sum + (rule.delayMs ?? 0), 0)
    const failures = struck.filter(({ rule }) => rule.effect !== 'delay')
    const first = failures.find(({ rule }) => rule.on === call.kinds[0]) ?? failures[0]
    const make = (): MaybeSleep => (first === undefined ? this.make(call, run) : this.fail(first, call))
    if (delayMs === 0) return make()
    return sleepThen(delayMs, call, this.name, () => {
      this.checkCrash()
      return make()
    })
  }

  protected override shareOver(): ProviderShare {
    throw new TypeError(`${this.name}: faults are of one thread, because each would count calls for itself`)
  }

  private checkCrash(): void {
    if (this.crashed) throw new ProviderIoError({ image: this.name }, 'the storage crashed (EIO)', 'EIO')
  }

  private make({ kinds, pieces }: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    if (kinds.includes('read')) this.checkMedia(pieces)
    if (!kinds.includes('write')) return run()
    return andThen(run(), () => this.clearMedia(pieces), this.name)
  }

  private fail({ rule, random }: ArmedRule, call: ProviderCall): MaybeSleep {
    const { on, effect, errno = 'EIO', storedBytes } = rule
    const { method, kinds, pieces } = call
    this.crashed = effect === 'crash' || effect === 'torn'
    const place = { image: this.name, offset: pieces[0]?.offset }
    const detail = `a fault was injected into the ${on} of ${method}: ${effect} (${errno})`
    const failure = new ProviderIoError(place, detail, errno)
    if (on !== kinds[0]) return this.storeThenFail(pieces, call, failure)
    if (effect !== 'short' && effect !== 'torn') throw failure
    const beginning = beginningOf(pieces, storedBytes ?? tornBytes(pieces, this.inner.capabilities, random()))
    return this.storeThenFail(beginning, call, failure)
  }

  private storeThenFail(
    [first, ...rest]: readonly CallPiece[],
    call: ProviderCall,
    failure: ProviderIoError,
  ): MaybeSleep {
    if (first === undefined) throw failure
    const goOn = (): MaybeSleep => {
      this.clearMedia([first])
      return this.storeThenFail(rest, call, failure)
    }
    this.tellInner(call)
    return andThen(this.store(first), goOn, this.name)
  }

  private store({ offset, length, source }: CallPiece): MaybeSleep {
    if (source !== undefined) return this.inner.write(offset, source)
    return this.inner.zero?.(offset, length)
  }

  private checkMedia(pieces: readonly CallPiece[]): void {
    for (const piece of pieces) {
      const offset = this.media.firstIn(piece)
      if (offset !== undefined)
        throw new BadBlockError({ image: this.name, offset }, 'the medium is bad there')
    }
  }

  private clearMedia(pieces: readonly CallPiece[]): undefined {
    for (const piece of pieces) this.media.clear(piece)
  }
}
