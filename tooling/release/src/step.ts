/** Does one thing of the check, and says so in a line: what, how long it took, and what it answered, if in words. @throws what `work` throws */
export async function step<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  const start = performance.now()
  const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(1)} s`
  try {
    const answer = await work()
    const note = typeof answer === 'string' ? ` (${answer})` : ''
    process.stdout.write(`ok ${what}: ${seconds()}${note}\n`)
    return answer
  } catch (error) {
    process.stdout.write(`FAILED ${what}: ${seconds()}\n`)
    throw error
  }
}
