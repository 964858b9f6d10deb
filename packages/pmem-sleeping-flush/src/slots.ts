import { CannotBlockError, type Sleepable, type Wait } from '@bttkit/interfaces'

/** @throws {TypeError} for what is no number of slots, from 1 on. `Infinity` is one. */
export function checkSlots(count: number): void {
  if (count === Infinity || (Number.isSafeInteger(count) && count >= 1)) return
  throw new TypeError(`a queue has room for 1 flush at least, and for a whole number of them, not ${count}`)
}

/** Room for so many at once; the others get it in the order in which they came. A slot that is given back is handed over, so nobody overtakes. */
export class Slots {
  private readonly image: string
  private free: number
  private readonly line: Turn[] = []

  /** @param image whose slots they are, for messages */
  constructor(count: number, image: string) {
    this.free = count
    this.image = image
  }

  /**
   * Takes a slot. Waits for one where there is none, for the event loop only: who blocks the thread would keep those from ending that have them.
   * What was handed over by then can be taken either way.
   */
  *take(): Sleepable<void> {
    if (this.free > 0) {
      this.free--
      return
    }
    const turn = new Turn(this.image)
    this.line.push(turn)
    try {
      yield turn
    } catch (error) {
      this.line.splice(this.line.indexOf(turn), 1)
      throw error
    }
  }

  giveBack(): void {
    const next = this.line.shift()
    if (next === undefined) this.free++
    else next.handOver()
  }
}

/** The wait of one in the line; it fails only while nothing is handed over. */
class Turn implements Wait {
  private readonly image: string
  private isHandedOver = false
  private resolve = (): void => {}
  private readonly handedOver = new Promise<void>((resolve) => (this.resolve = resolve))

  constructor(image: string) {
    this.image = image
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a wait is a thenable by contract
  readonly then: Wait['then'] = (...callbacks) => this.handedOver.then(...callbacks)

  ready(): boolean {
    return this.isHandedOver
  }

  /** @throws {CannotBlockError} before the turn has come. */
  block(): void {
    if (this.isHandedOver) return
    const detail = 'those before it end only when the event loop turns; use the asynchronous form'
    throw new CannotBlockError({ image: this.image }, detail)
  }

  handOver(): void {
    this.isHandedOver = true
    this.resolve()
  }
}
