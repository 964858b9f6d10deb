import type { Step } from './explore-access.ts'
import type { Execution } from './explore-execution.ts'
import type { Strategy } from './explore-strategy.ts'

/** Runs the schedules of a tree one by one, depth first: each execution goes the way of the one before, up to the last state that has a choice left. */
export abstract class DepthFirstSchedules<Node> implements Strategy {
  abstract readonly runsOnAfterFailure: boolean
  /** The states of the present execution that a choice was made in, and what is left to choose. */
  protected readonly path: Node[] = []
  /** The step that comes next in the present execution. */
  protected depth = 0
  private isFirst = true

  begin(): boolean {
    this.depth = 0
    const isFirst = this.isFirst
    this.isFirst = false
    return isFirst || this.backtrack()
  }

  abstract choose(execution: Execution): number | undefined
  abstract note(step: Step, execution: Execution): void

  /** Makes another choice in a state. False when it has none left. */
  protected abstract chooseAnother(node: Node): boolean

  private backtrack(): boolean {
    for (;;) {
      const node = this.path.at(-1)
      if (node === undefined) return false
      if (this.chooseAnother(node)) return true
      this.path.pop()
    }
  }
}
