/** The smallest of the choices that make a power failure wrong. */
import type { UnitFate } from '@bttkit/pmem-power-fail'

/** Versions of one unit that are tried. */
const MOST_VERSIONS = 64

/** How much of what was in flight has survived: the more, the further the units are. */
export function storesIn(choices: readonly UnitFate[]): number {
  return choices.reduce((sum, { version }) => sum + version, 0)
}

/** Takes back of each unit as much as can be, one after the other. Units of which nothing survives are left out. */
export function fewestStores(
  choices: readonly UnitFate[],
  isWrong: (choices: readonly UnitFate[]) => boolean,
): readonly UnitFate[] {
  let best = choices.filter(({ version }) => version > 0)
  for (const { unit, version } of best) {
    const others = best.filter((choice) => choice.unit !== unit)
    for (let less = 0; less < Math.min(version, MOST_VERSIONS); less++) {
      const tried = less === 0 ? others : [...others, { unit, version: less }]
      if (!isWrong(tried)) continue
      best = tried
      break
    }
  }
  return best
}
