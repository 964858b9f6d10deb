/** All moments at which threads can die: one exploration for each. */
import { deathScenario, type DeathProgram, type DeathScenarioOptions } from './explored-deaths.ts'
import type { ExploredImage } from './explored-image.ts'
import type { Death } from './explored-lives.ts'
import { explore, type ExplorationFinding, type ExploreOptions } from './explore.ts'

export interface DeathExploration {
  /** Moments of death at which some execution came. */
  readonly moments: number
  readonly executions: number
  readonly pruned: number
  readonly steps: number
  /** Of all moments, whether every schedule was covered. */
  readonly isExhaustive: boolean
  /** The first that was found, and the program with the deaths that lead to it. */
  readonly finding?: (ExplorationFinding & { readonly program: DeathProgram }) | undefined
}

/** Which threads die: at each of their events, in all combinations. */
export type Dying = Pick<Death, 'task' | 'inRecovery'>

/** A thread has fewer events than this, or something is wrong. */
const MOST_EVENTS = 1000

class Moments {
  moments = 0
  executions = 0
  pruned = 0
  steps = 0
  isExhaustive = true
  finding: DeathExploration['finding']
  private readonly image: ExploredImage
  private readonly program: DeathProgram
  private readonly options: DeathScenarioOptions & ExploreOptions

  constructor(image: ExploredImage, program: DeathProgram, options: DeathScenarioOptions & ExploreOptions) {
    this.image = image
    this.program = program
    this.options = options
  }

  /** Explores with these deaths, and with each moment of those that are left to choose. Returns all that came in some execution. */
  async run(deaths: readonly Death[], [next, ...others]: readonly Dying[]): Promise<ReadonlySet<Death>> {
    if (next === undefined) return this.explore(deaths)
    const came = new Set<Death>()
    for (let event = 1; event < MOST_EVENTS; event++) {
      const death = { ...next, event }
      const reached = await this.run([...deaths, death], others)
      for (const each of reached) came.add(each)
      if (this.finding !== undefined || !reached.has(death)) return came
    }
    throw new RangeError(`a thread with ${MOST_EVENTS} events`)
  }

  private async explore(deaths: readonly Death[]): Promise<ReadonlySet<Death>> {
    const came = new Set<Death>()
    let haveAllCome = false
    const onEnd = (these: readonly Death[]): void => {
      for (const death of these) came.add(death)
      haveAllCome ||= these.length === deaths.length
    }
    const program = { ...this.program, deaths }
    const { image, options } = this
    const { executions, pruned, steps, isExhaustive, findings } = await explore(
      deathScenario(image, program, { ...options, onEnd }),
      options,
    )
    if (haveAllCome) this.moments++
    this.executions += executions
    this.pruned += pruned
    this.steps += steps
    this.isExhaustive &&= isExhaustive
    const [finding] = findings
    if (finding !== undefined) this.finding = { ...finding, program }
    return came
  }
}

/**
 * Explores a program once for each moment at which the threads can die, up to the first finding. Where several die, for all combinations.
 *
 * @param dying in the order in which they die: nobody recovers before somebody has died
 */
export async function exploreDeaths(
  image: ExploredImage,
  program: Omit<DeathProgram, 'deaths'>,
  dying: readonly Dying[],
  options: DeathScenarioOptions & ExploreOptions = {},
): Promise<DeathExploration> {
  const found = new Moments(image, { ...program, deaths: [] }, options)
  await found.run([], dying)
  const { moments, executions, pruned, steps, isExhaustive, finding } = found
  return { moments, executions, pruned, steps, isExhaustive: isExhaustive && finding === undefined, finding }
}
