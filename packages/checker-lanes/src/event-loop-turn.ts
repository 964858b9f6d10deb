/** Lets everything else that is ready run: continuations, timers, signals. */
export async function eventLoopTurn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}
