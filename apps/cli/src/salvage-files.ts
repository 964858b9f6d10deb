/** The sink of a salvage that writes files. */
import { rename, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type {
  InterruptedWrite,
  KeptBlock,
  SalvageReport,
  SalvageSink,
  SalvagedArena,
  SalvagedDevice,
  SectorRun,
} from '@bttkit/salvage'
import { naming } from './naming.ts'
import {
  BLOCKS,
  MANIFEST,
  PARTIAL_MANIFEST,
  SECTORS,
  makeOutput,
  prepareDirectory,
} from './salvage-directory.ts'
import { SalvageManifest } from './salvage-manifest.ts'
import { writeSparsely } from './sparse-write.ts'
import { syncDirectory } from './sync-directory.ts'

interface Opened {
  readonly sectors: FileHandle
  readonly blocks: FileHandle
  readonly manifestFile: FileHandle
  readonly manifest: SalvageManifest
}

export class SalvageFiles implements SalvageSink {
  private readonly directory: string
  private readonly force: boolean
  private opened: Opened | undefined
  private sectorBytes = 0
  private blocksEnd = 0
  private isEnding = false

  /** @param force whether files of our names are replaced */
  constructor(directory: string, force: boolean) {
    this.directory = directory
    this.force = force
  }

  /** Whether there are files that were not ended. */
  get isOpen(): boolean {
    return this.opened !== undefined && !this.isEnding
  }

  async begin(device: SalvagedDevice): Promise<void> {
    const { directory } = this
    await prepareDirectory(directory, this.force)
    const manifestFile = await makeOutput(directory, PARTIAL_MANIFEST)
    const sectors = await makeOutput(directory, SECTORS)
    const blocks = await makeOutput(directory, BLOCKS)
    this.opened = { sectors, blocks, manifestFile, manifest: new SalvageManifest(manifestFile) }
    this.sectorBytes = device.sectorSize + device.metadataSize
    await this.opened.manifest.begin(device)
    await this.naming(SECTORS, () => sectors.truncate(device.sectorCount * this.sectorBytes))
  }

  beginArena(arena: SalvagedArena): Promise<void> | undefined {
    return this.files.manifest.beginArena(arena)
  }

  sectors(lba: number, content: Uint8Array): Promise<void> {
    return this.naming(SECTORS, () => writeSparsely(this.files.sectors, content, lba * this.sectorBytes))
  }

  sectorRun(run: SectorRun): Promise<void> | undefined {
    return this.files.manifest.sectorRun(run)
  }

  blockContent(at: number, content: Uint8Array): Promise<void> {
    this.blocksEnd = at + content.length
    return this.naming(BLOCKS, () => writeSparsely(this.files.blocks, content, at))
  }

  keptBlock(block: KeptBlock): Promise<void> | undefined {
    return this.files.manifest.keptBlock(block)
  }

  interruptedWrite(write: InterruptedWrite): Promise<void> | undefined {
    return this.files.manifest.interruptedWrite(write)
  }

  /** Makes all durable, the manifest and its name last. Once only: a manifest that could not be ended is none. @param outcome the report, or why there is none */
  async end(outcome: SalvageReport | string): Promise<void> {
    this.isEnding = true
    const { sectors, blocks, manifest } = this.files
    await this.naming(SECTORS, () => sectors.sync())
    await this.naming(BLOCKS, async () => {
      await blocks.truncate(this.blocksEnd)
      await blocks.sync()
    })
    await this.naming(PARTIAL_MANIFEST, () =>
      typeof outcome === 'string' ? manifest.breakOff(outcome) : manifest.finish(outcome),
    )
    await this.naming(MANIFEST, async () => {
      await rename(join(this.directory, PARTIAL_MANIFEST), join(this.directory, MANIFEST))
      await syncDirectory(this.directory)
    })
  }

  async close(): Promise<void> {
    if (this.opened === undefined) return
    const { sectors, blocks, manifestFile } = this.opened
    for (const file of [sectors, blocks, manifestFile]) await file.close()
  }

  private get files(): Opened {
    if (this.opened === undefined) throw new TypeError('nothing was begun')
    return this.opened
  }

  private naming<T>(name: string, body: () => Promise<T>): Promise<T> {
    return naming(join(this.directory, name), body)
  }
}
