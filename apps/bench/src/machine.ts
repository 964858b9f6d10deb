import { availableParallelism, cpus, loadavg } from 'node:os'

/** What figures were measured on. */
export interface Machine {
  readonly cpu: string
  /** How many this process may use. */
  readonly cores: number
  readonly node: string
  /** Of the last minute before the run: above 0 others were at work. Always 0 where the system does not tell. */
  readonly loadAverage: number
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    loadAverage: loadavg()[0] ?? 0,
  }
}

/** One line. */
export function machineText({ cpu, cores, node, loadAverage }: Machine): string {
  const plural = cores === 1 ? '' : 's'
  return `${cpu}, ${cores} core${plural}, Node ${node}, load average before the run ${loadAverage.toFixed(2)}\n`
}
