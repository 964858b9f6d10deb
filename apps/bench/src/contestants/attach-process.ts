/** Processes that attach an image, one after the other. */
import * as v from 'valibot'
import type { AttachProbe } from '../attach-probe.ts'
import { runTool } from '../run-tool.ts'
import { moduleArguments } from '../this-program.ts'
import type { Contestant, ContestantKind, RoundResult } from './contestant.ts'

const probeSchema = v.object({ attachNs: v.number(), maxResidentBytes: v.number() })

export interface AttachProcessOptions {
  readonly name: string
  readonly kind: ContestantKind
  readonly mode: 'rw' | 'ro' | 'nothing'
  readonly path: string
  readonly sectorBytes: number
  /** Sectors that were filled, which each process reads when it is done. */
  readonly samples: readonly number[]
  /** What of its answer counts. */
  readonly valueOf: (probe: AttachProbe) => number
}

export class AttachProcess implements Contestant {
  readonly name: string
  readonly kind: ContestantKind
  private readonly options: AttachProcessOptions

  constructor(options: AttachProcessOptions) {
    this.options = options
    this.name = options.name
    this.kind = options.kind
  }

  /** The image is there already: it is the same for all. */
  async prepare(): Promise<void> {}

  async run(attaches: number): Promise<RoundResult> {
    const startMs = performance.now()
    let value = 0
    for (let i = 0; i < attaches; i++) value += this.options.valueOf(await this.probe())
    return { value: value / attaches, elapsedMs: performance.now() - startMs }
  }

  /** Each process has read what was written to the image before. */
  async verify(): Promise<void> {}

  async end(): Promise<void> {}

  private async probe(): Promise<AttachProbe> {
    const { mode, path, sectorBytes, samples } = this.options
    const args = moduleArguments('attach-probe', mode, path, String(sectorBytes), ...samples.map(String))
    const answer = await runTool(process.execPath, args)
    return v.parse(probeSchema, JSON.parse(answer))
  }
}
