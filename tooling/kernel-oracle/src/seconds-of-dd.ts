/** How many seconds GNU dd says that it took, of each of its runs. */
export function secondsOfDd(said: string): number[] {
  return [...said.matchAll(/copied, ([\d.]+(?:e-?\d+)?) s,/g)].map(([, seconds]) => Number(seconds))
}
