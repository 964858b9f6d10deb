/** A peer in C, in a process of its own. */
import { open, rm } from 'node:fs/promises'
import { CommandError } from '@bttkit/command-line'
import type { Stack } from '@bttkit/stack'
import { NativeProcess } from '../native/native-process.ts'
import { expectedGenerations, verifyContents } from '../workload/verify-contents.ts'
import { streamsOf, type Workload } from '../workload/workload.ts'
import { copyDurably } from './copy-durably.ts'
import type { Contestant, ContestantKind, RoundResult } from './contestant.ts'
import { imageBytes } from './fill-image.ts'
import { verifyImage } from './verify-image.ts'

export interface NativePeerOptions {
  readonly name: string
  readonly kind: ContestantKind
  /** The compiled program, and the variant of it. */
  readonly program: string
  readonly variant: string
  readonly env?: NodeJS.ProcessEnv
  readonly workload: Workload
  readonly sequence: Uint32Array
  readonly sequencePath: string
  /** Of what it works on. */
  readonly path: string
  /** Where to make and fill it, where that is slow at `path`: it is copied from there. */
  readonly fillPath?: string | undefined
  /** What the file is afterwards: a pool with a BTT in it, or the bare sectors. */
  readonly content: 'pool' | 'sectors'
}

export class NativePeer implements Contestant {
  readonly name: string
  readonly kind: ContestantKind
  private readonly options: NativePeerOptions
  private readonly stack: Stack
  private process: NativeProcess | undefined
  private unitsPerStream = 0

  constructor(stack: Stack, options: NativePeerOptions) {
    this.stack = stack
    this.options = options
    this.name = options.name
    this.kind = options.kind
  }

  async prepare(): Promise<void> {
    const { path, fillPath } = this.options
    const filling = this.start(fillPath ?? path)
    this.process = filling
    await filling.ask('fill')
    if (fillPath === undefined) return
    await filling.close()
    await copyDurably(fillPath, path)
    await rm(fillPath)
    this.process = this.start(path)
  }

  async run(units: number): Promise<RoundResult> {
    const { workload } = this.options
    const streams = streamsOf(workload)
    const unitsPerStream = Math.ceil(units / streams)
    const answer = Number(await this.process?.ask(`run ${unitsPerStream}`))
    if (!(answer > 0)) throw new CommandError(`${this.name}: it did not say how long it took`)
    this.unitsPerStream += unitsPerStream
    const sectors = unitsPerStream * streams * workload.unitSectors
    return { elapsedMs: answer / 1e6, value: answer / sectors }
  }

  /** bttkit reads what the peer has written: also the pool of libpmemblk, and so the order of its map and flog. */
  async verify(): Promise<void> {
    await this.process?.close()
    const { content, path, workload, sequence } = this.options
    const { name, unitsPerStream } = this
    if (content === 'pool') {
      await verifyImage(name, this.stack, path, { workload, sequence, unitsPerStream })
      return
    }
    const file = await open(path)
    try {
      const generations = expectedGenerations(workload, sequence, unitsPerStream)
      await verifyContents(name, workload, generations, async (lba, target) => {
        await file.read(target, 0, target.length, lba * workload.sectorBytes)
      })
    } finally {
      await file.close()
    }
  }

  async end(): Promise<void> {
    await this.process?.end()
    const { path, fillPath = path } = this.options
    for (const made of new Set([path, fillPath])) await rm(made, { force: true })
  }

  private start(path: string): NativeProcess {
    const { name, program, variant, env = {}, workload, sequencePath } = this.options
    const { sectorBytes, sectors, operation, unitSectors, callSectors, threads } = workload
    const numbers = [imageBytes(workload), sectorBytes, sectors].map(String)
    const shape = [unitSectors, callSectors, threads].map(String)
    const args = [variant, path, ...numbers, operation, ...shape, sequencePath]
    return new NativeProcess(name, program, args, env)
  }
}
