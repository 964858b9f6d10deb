import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { formatSize } from '@bttkit/command-line'

/** What figures were measured on. */
export interface Machine {
  readonly cpu: string
  /** How many this process may use. */
  readonly cores: number
  readonly memoryBytes: number
  /** Name and release of the system, and the processor's architecture. */
  readonly system: string
  readonly node: string
  /** Of the last minute before the run: above 0 others were at work. Always 0 where the system does not tell. */
  readonly loadAverage: number
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    loadAverage: loadavg()[0] ?? 0,
  }
}

/** One line. */
export function machineText({ cpu, cores, memoryBytes, system, node, loadAverage }: Machine): string {
  const plural = cores === 1 ? '' : 's'
  const hardware = `${cpu}, ${cores} core${plural}, ${formatSize(memoryBytes)}`
  return `${hardware}, ${system}, Node ${node}, load average before the run ${loadAverage.toFixed(2)}\n`
}
