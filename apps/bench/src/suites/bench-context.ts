/** What suites make their contestants of. */
import { join } from 'node:path'
import { describeError } from '@bttkit/command-line'
import { createStack, type Image } from '@bttkit/stack'
import type { Contestant, ContestantKind } from '../contestants/contestant.ts'
import { makeFilledImage } from '../contestants/fill-image.ts'
import { NativePeer } from '../contestants/native-peer.ts'
import { OurDevice, type OurDeviceOptions } from '../contestants/our-device.ts'
import type { Skipped } from '../measure/report.ts'
import type { NativeProgram, NativePrograms } from '../native/native-programs.ts'
import type { Workload } from '../workload/workload.ts'

export interface BenchFolders {
  /** On a file system in memory, where there is one. */
  readonly memory: string
  readonly disk: string
}

/** Where an image is, and by which provider it is opened. */
export interface OurStorage {
  /** A word for messages, and for what is skipped. */
  readonly name: string
  readonly image: (path: string) => Image
  readonly env?: Readonly<Record<string, string>>
}

export const DAX_LIBPMEM: OurStorage = {
  name: 'DAX with libpmem',
  image: (path) => ({ scheme: 'dax', path, parameters: { persist: 'libpmem' } }),
  env: { PMEM_IS_PMEM_FORCE: '1' },
}
export const DAX_MSYNC: OurStorage = {
  name: 'DAX with msync',
  image: (path) => ({ scheme: 'dax', path, parameters: { persist: 'msync' } }),
  env: { PMEM_IS_PMEM_FORCE: '0' },
}
export const FILE: OurStorage = { name: 'file', image: (path) => ({ scheme: 'file', path }) }

export interface OurOptions extends Pick<OurDeviceOptions, 'isAsync' | 'isJoinable' | 'laneCount'> {
  readonly folder?: keyof BenchFolders
}

export interface PeerOptions {
  readonly kind?: ContestantKind
  readonly variant?: string
  readonly env?: Readonly<Record<string, string>>
  readonly folder?: keyof BenchFolders
}

export class BenchContext {
  readonly stack = createStack()
  readonly skipped: Skipped[] = []
  readonly folders: BenchFolders
  readonly programs: NativePrograms
  readonly sequence: Uint32Array
  /** The same as a file. */
  readonly sequencePath: string
  readonly seed: number
  readonly isQuick: boolean
  private readonly templates = new Map<string, Promise<string>>()
  private files = 0

  constructor(
    parts: Pick<BenchContext, 'folders' | 'programs' | 'sequence' | 'sequencePath' | 'seed' | 'isQuick'>,
  ) {
    this.folders = parts.folders
    this.programs = parts.programs
    this.sequence = parts.sequence
    this.sequencePath = parts.sequencePath
    this.seed = parts.seed
    this.isQuick = parts.isQuick
  }

  /** Notes once that something is not measured. */
  skip(what: string, reason: string): void {
    if (!this.skipped.some((skipped) => skipped.what === what)) this.skipped.push({ what, reason })
  }

  /** The path of a file that is not there yet. */
  freshPath(folder: keyof BenchFolders = 'memory'): string {
    return join(this.folders[folder], `image-${this.files++}`)
  }

  /** bttkit on storage; in memory, where none is given. Nothing where the storage cannot be opened here. */
  async ours(
    name: string,
    workload: Workload,
    storage: OurStorage | undefined,
    { folder, ...options }: OurOptions = {},
  ): Promise<Contestant[]> {
    const { sequence, stack } = this
    if (storage === undefined) return [new OurDevice(stack, { ...options, name, workload, sequence })]
    const path = this.freshPath(folder)
    const template = await this.template(workload)
    const { image, env = {} } = storage
    return [
      new OurDevice(stack, {
        ...options,
        name,
        workload,
        sequence,
        env,
        storage: { template, path, image: image(path) },
      }),
    ]
  }

  /** A program in C. Nothing where it cannot be compiled here. */
  async peer(
    name: string,
    workload: Workload,
    program: Exclude<NativeProgram, 'memory-file'>,
    options: PeerOptions = {},
  ): Promise<Contestant[]> {
    const found = await this.programs.find(program)
    if ('missing' in found) {
      this.skip(name, found.missing)
      return []
    }
    const { kind = 'peer', variant = 'plain', env = {}, folder } = options
    const { sequence, sequencePath, stack } = this
    return [
      new NativePeer(stack, {
        name,
        kind,
        variant,
        env,
        workload,
        sequence,
        sequencePath,
        program: found.path,
        path: this.freshPath(folder),
        fillPath: folder === 'disk' ? this.freshPath() : undefined,
        content: program === 'pmemblk' ? 'pool' : 'sectors',
      }),
    ]
  }

  /** Whether storage can be opened here; where not, that is noted. */
  async hasStorage({ name, image }: OurStorage, workload: Workload): Promise<boolean> {
    try {
      const provider = await this.stack.openProvider(image(await this.template(workload)), { readOnly: true })
      await provider.close()
      return true
    } catch (error) {
      this.skip(`bttkit on ${name}`, describeError(error))
      return false
    }
  }

  /** A filled image of the shape of a workload, of which everybody gets a copy. */
  private template(workload: Workload): Promise<string> {
    const { sectorBytes, sectors } = workload
    const key = `${sectorBytes}-${sectors}`
    let template = this.templates.get(key)
    if (template === undefined) {
      const path = join(this.folders.memory, `template-${key}`)
      template = makeFilledImage(this.stack, path, workload).then(() => path)
      this.templates.set(key, template)
    }
    return template
  }
}
