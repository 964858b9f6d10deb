import { ProviderIoError, type MaybeSleep, type PmemProvider, type ProviderShare } from '@bttkit/interfaces'
import { ArmedRule, type FaultRule } from './fault-rule.ts'
import { andThen } from './following-waits.ts'
import { MediaErrors, type MediaErrorRange } from './media-errors.ts'
import { beginningOf, tornBytes } from './partial-write.ts'
import { PassingLayer } from './passing-layer.ts'
import type { CallPiece, ProviderCall } from './provider-call.ts'
import { LARGEST_SEED, seededRandom } from './seeded-random.ts'

export interface FaultOptions {
  /** The first one that strikes counts; all of them see every call. */
  readonly faults?: readonly FaultRule[]
  /** Units of 512 bytes that these touch are bad from the start. */
  readonly mediaErrors?: readonly MediaErrorRange[]
  /** A whole number from 0 to 2^32 - 1; the same calls meet the same faults. Default 0. */
  readonly seed?: number
}

/**
 * Storage that fails when it is told to, with `ProviderIoError`.
 *
 * A bad unit of the medium fails each read that touches it with EIO, until one write covers the whole unit. A write to a part of it is stored and leaves it bad.
 * A fault comes before the medium: a call that it strikes does not meet the media errors.
 * What a short or torn write stores goes to the inner provider as a `write` or `zero` for each range. Writes that are under way when another call crashes are finished.
 */
export class FaultLayer extends PassingLayer {
  private readonly rules: readonly ArmedRule[]
  private readonly media = new MediaErrors()
  private crashed = false

  /** @throws {TypeError} for a rule, range or seed that makes no sense. */
  constructor(inner: PmemProvider, { faults = [], mediaErrors = [], seed = 0 }: FaultOptions = {}) {
    super(inner)
    if (!Number.isInteger(seed) || seed < 0 || seed > LARGEST_SEED) {
      throw new TypeError(`a seed is a whole number from 0 to ${LARGEST_SEED}, and not ${seed}`)
    }
    this.rules = faults.map((rule, index) => new ArmedRule(rule, seededRandom(seed + index)))
    for (const range of mediaErrors) this.media.add(range)
  }

  /** Makes the units bad that the range touches. @throws {TypeError} for a range that is none. */
  addMediaError(offset: number, length: number): void {
    this.media.add({ offset, length })
  }

  /** The bad units, in order. */
  mediaErrors(): MediaErrorRange[] {
    return this.media.list()
  }

  protected override around(call: ProviderCall, run: () => MaybeSleep): MaybeSleep {
    if (call.kind === 'close') return run()
    if (this.crashed) throw new ProviderIoError({ image: this.name }, 'the storage crashed (EIO)', 'EIO')
    // All are asked, also behind one that strikes: each counts every call.
    const strikes = this.rules.map((rule) => rule.strikes(call))
    const struck = this.rules[strikes.indexOf(true)]
    if (struck !== undefined) return this.fail(struck, call)
    if (call.kind === 'read') this.checkMedia(call.pieces)
    if (call.kind !== 'write') return run()
    return andThen(run(), () => this.clearMedia(call.pieces), this.name)
  }

  protected override shareOver(): ProviderShare {
    throw new TypeError(`${this.name}: faults are of one thread, because each would count calls for itself`)
  }

  private fail({ rule, random }: ArmedRule, { method, pieces }: ProviderCall): MaybeSleep {
    const { effect, errno = 'EIO', storedBytes } = rule
    this.crashed = effect === 'crash' || effect === 'torn'
    const place = { image: this.name, offset: pieces[0]?.offset }
    const failure = new ProviderIoError(
      place,
      `a fault was injected into ${method}: ${effect} (${errno})`,
      errno,
    )
    if (effect !== 'short' && effect !== 'torn') throw failure
    const beginning = beginningOf(pieces, storedBytes ?? tornBytes(pieces, this.inner.capabilities, random()))
    return this.storeThenFail(beginning, failure)
  }

  private storeThenFail([first, ...rest]: readonly CallPiece[], failure: ProviderIoError): MaybeSleep {
    if (first === undefined) throw failure
    const goOn = (): MaybeSleep => {
      this.clearMedia([first])
      return this.storeThenFail(rest, failure)
    }
    return andThen(this.store(first), goOn, this.name)
  }

  private store({ offset, length, source }: CallPiece): MaybeSleep {
    if (source !== undefined) return this.inner.write(offset, source)
    return this.inner.zero?.(offset, length)
  }

  private checkMedia(pieces: readonly CallPiece[]): void {
    for (const piece of pieces) {
      const offset = this.media.firstIn(piece)
      if (offset === undefined) continue
      throw new ProviderIoError({ image: this.name, offset }, 'the medium is bad there (EIO)', 'EIO')
    }
  }

  private clearMedia(pieces: readonly CallPiece[]): undefined {
    for (const piece of pieces) this.media.clear(piece)
  }
}
