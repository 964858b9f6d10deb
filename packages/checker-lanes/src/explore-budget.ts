/** How many executions a search in several parts may still make. */
export class Budget {
  left: number
  used = 0

  constructor(executions: number) {
    this.left = executions
  }

  spend(executions: number): void {
    this.left -= executions
    this.used += executions
  }
}
