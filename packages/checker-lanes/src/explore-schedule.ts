/**
 * A schedule in print: who goes on, and for how many steps. `A12 B3 A` is twelve steps of task 0, three of task 1, one of task 0.
 */

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** How many tasks a schedule can tell apart. */
export const MOST_TASKS = LETTERS.length

/** The most steps that a schedule may have which comes as text: a few characters can ask for any number. */
const MOST_STEPS = 1_000_000

/** The letter of a task. */
export function taskLetter(task: number): string {
  const letter = LETTERS[task]
  if (letter === undefined) throw new RangeError(`a schedule has up to ${MOST_TASKS} tasks`)
  return letter
}

/** Prints the numbers of the tasks, in the order of their steps. */
export function printSchedule(tasks: readonly number[]): string {
  const runs: string[] = []
  for (let from = 0, to = 0; from < tasks.length; from = to) {
    const task = tasks[from] ?? 0
    while (tasks[to] === task) to++
    const length = to - from
    runs.push(`${taskLetter(task)}${length === 1 ? '' : length}`)
  }
  return runs.join(' ')
}

/** @throws {SyntaxError} for what `printSchedule` would not print, and for more than a million steps */
export function parseSchedule(text: string): number[] {
  const tasks: number[] = []
  for (const run of text.split(' ').filter((part) => part !== '')) {
    const parts = /^([A-Z])([1-9]\d{0,6})?$/.exec(run)
    if (parts === null) throw new SyntaxError(`"${run}" is no part of a schedule, such as A12`)
    const count = Number(parts[2] ?? 1)
    if (tasks.length + count > MOST_STEPS) throw new SyntaxError(`a schedule has up to ${MOST_STEPS} steps`)
    const task = LETTERS.indexOf(parts[1] ?? '')
    for (let i = 0; i < count; i++) tasks.push(task)
  }
  return tasks
}
