import { describeError } from '@bttkit/command-line'

type Step = () => Promise<unknown>

/** What has to be taken down, last first. */
export class Undo {
  private readonly steps: Step[] = []

  add(step: Step): void {
    this.steps.push(step)
  }

  /** Takes down what was added last, in the regular course of things. What cannot be taken down stays, for `all` to try again. */
  async last(count = 1): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.steps.at(-1)?.()
      this.steps.pop()
    }
  }

  /** Takes down the rest, as far as it lets us, and says on standard error what does not. Returns whether nothing is left. */
  async all(): Promise<boolean> {
    let isComplete = true
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      await step().catch((error: unknown) => {
        isComplete = false
        process.stderr.write(`demo: ${describeError(error)}\n`)
      })
    }
    return isComplete
  }
}
