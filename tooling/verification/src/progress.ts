/** So that a log of minutes has some dozens of lines. */
const INTERVAL_MS = 5000

/** Counts things, and says how fast, now and then. */
export class Progress {
  count = 0
  private readonly what: string
  private readonly say: (line: string) => void
  private readonly startMs = performance.now()
  private saidMs = performance.now()

  /** @param what is counted, for people */
  constructor(what: string, say: (line: string) => void) {
    this.what = what
    this.say = say
  }

  add(more: number, where: string): void {
    this.count += more
    const nowMs = performance.now()
    if (nowMs - this.saidMs < INTERVAL_MS) return
    this.saidMs = nowMs
    this.say(`${this.figures()}: ${where}`)
  }

  end(remark: string): void {
    this.say(`${this.figures()}, ${remark}`)
  }

  private figures(): string {
    const seconds = (performance.now() - this.startMs) / 1000
    const rate = Math.round(this.count / seconds)
    return `${this.count.toLocaleString('en')} ${this.what} in ${seconds.toFixed(0)} s, ${rate.toLocaleString('en')} a second`
  }
}

/** A number that is too long to be read: `2.8 × 10^160`. */
export function powerOfTen(number: bigint): string {
  const digits = number.toString()
  if (digits.length < 10) return number.toLocaleString('en')
  return `${digits.slice(0, 1)}.${digits.slice(1, 2)} × 10^${digits.length - 1}`
}
