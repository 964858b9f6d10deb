/**
 * Every sequence of choices that a deterministic program makes, depth first.
 *
 * The program is run again from its start for each sequence: it repeats the choices up to the last one that has an alternative left, takes that, and the first
 * alternative wherever it chooses anew.
 */
import { ClosedError, InvariantError } from '@bttkit/interfaces'
import type { Choose } from './in-flight.ts'

interface Choice {
  taken: number
  readonly count: number
}

export class ChoiceSearch {
  private readonly path: Choice[] = []

  /** Runs the program once. What it was given chooses for as long as it runs, and refuses afterwards. */
  run(program: (choose: Choose) => void): void {
    let [depth, isOver] = [0, false]
    const choose: Choose = (count) => {
      if (isOver)
        throw new ClosedError(
          {},
          'the check that this storage was for is over, and what is read was not decided',
        )
      const known = this.path[depth++]
      if (known === undefined) {
        this.path.push({ taken: 0, count })
        return 0
      }
      if (known.count === count) return known.taken
      throw notDeterministic(`choice ${depth} had ${known.count} alternatives, and has ${count} now`)
    }
    try {
      program(choose)
    } finally {
      isOver = true
    }
    if (depth < this.path.length)
      throw notDeterministic(`it made ${this.path.length} choices, and makes ${depth} now`)
  }

  /** Goes on to the next sequence; false when there is none. */
  advance(): boolean {
    for (;;) {
      const last = this.path.at(-1)
      if (last === undefined) return false
      if (++last.taken < last.count) return true
      this.path.pop()
    }
  }
}

function notDeterministic(how: string): InvariantError {
  return new InvariantError({}, `a check must do the same each time in the same state: ${how}`)
}
