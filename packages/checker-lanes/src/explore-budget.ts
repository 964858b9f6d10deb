/** How many executions a search in several parts may still make. A signal takes away all that is left. */
export class Budget {
  used = 0
  readonly signal: AbortSignal | undefined
  private unspent: number

  constructor(executions: number, signal?: AbortSignal) {
    this.unspent = executions
    this.signal = signal
  }

  get left(): number {
    return this.signal?.aborted === true ? 0 : this.unspent
  }

  add(executions: number): void {
    this.unspent += executions
  }

  spend(executions: number): void {
    this.unspent -= executions
    this.used += executions
  }
}
