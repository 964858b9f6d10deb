/**
 * A disk that a FUSE server shows, read and written by fio.
 *
 * Every round writes a pattern of its own to the same blocks, so it is known what must be on the disk in the end: the last pattern in as many sectors as
 * fio wrote, and in all others what they were filled with.
 */
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { CommandError } from '@bttkit/command-line'
import { UnitBuffer } from '../workload/unit-buffer.ts'
import type { ReadSectors } from '../workload/verify-contents.ts'
import type { Workload } from '../workload/workload.ts'
import type { Contestant, ContestantKind, RoundResult } from './contestant.ts'
import { FuseServer, type FuseRecipe } from './fuse-server.ts'
import { filledPieces } from './fill-image.ts'
import { patternBytes, runFio } from './run-fio.ts'

const PIECE_SECTORS = 64

export interface FuseDiskOptions {
  readonly name: string
  readonly kind: ContestantKind
  readonly recipe: FuseRecipe
  readonly folder: string
  readonly workload: Workload
  readonly seed: number
  readonly core: number
  /** Looks at what is left when the server has ended. */
  readonly verifyRest?: (folder: string, verify: (read: ReadSectors) => Promise<void>) => Promise<void>
}

/** How many sectors have the pattern. @throws {CommandError} for one that has neither the pattern nor what it was filled with */
export async function countPattern(
  who: string,
  workload: Workload,
  pattern: Uint8Array,
  read: ReadSectors,
): Promise<number> {
  const { sectorBytes, sectors } = workload
  const [word = 0] = new Uint32Array(pattern.slice().buffer)
  const filled = new UnitBuffer({ ...workload, unitSectors: 1, callSectors: 1 })
  const piece = new Uint32Array((PIECE_SECTORS * sectorBytes) / Uint32Array.BYTES_PER_ELEMENT)
  const sectorWords = piece.length / PIECE_SECTORS
  let count = 0
  for (let lba = 0; lba < sectors; lba += PIECE_SECTORS) {
    const inPiece = Math.min(PIECE_SECTORS, sectors - lba)
    piece.fill(0)
    await read(lba, new Uint8Array(piece.buffer, 0, inPiece * sectorBytes))
    for (let i = 0; i < inPiece; i++) {
      const sector = piece.subarray(i * sectorWords, (i + 1) * sectorWords)
      if (sector.every((value) => value === word)) count++
      else if (filled.differenceIn(sector, lba + i, 0) >= 0)
        throw new CommandError(`${who}: sector ${lba + i} has neither its old nor its new content`)
    }
  }
  return count
}

export class FuseDisk implements Contestant {
  readonly name: string
  readonly kind: ContestantKind
  private readonly options: FuseDiskOptions
  private readonly server: FuseServer
  private pattern = 0
  private blocks = 0

  constructor(options: FuseDiskOptions) {
    this.options = options
    this.name = options.name
    this.kind = options.kind
    this.server = new FuseServer(options.folder, options.recipe, options.core)
  }

  async prepare(): Promise<void> {
    const { workload } = this.options
    await this.server.start(workload.sectors * workload.sectorBytes)
    await this.withDisk(async (disk) => {
      for (const { lba, bytes } of filledPieces(workload))
        await disk.write(bytes, 0, bytes.length, lba * workload.sectorBytes)
      await disk.sync()
    })
  }

  async run(blocks: number): Promise<RoundResult> {
    const { workload, seed, core } = this.options
    const { operation, sectorBytes, sectors } = workload
    this.pattern++
    this.blocks = blocks
    const value = await runFio({
      path: this.server.disk,
      sizeBytes: sectors * sectorBytes,
      blockBytes: sectorBytes,
      operation,
      blocks,
      seed,
      core,
      pattern: this.pattern,
    })
    return { value, elapsedMs: (value * blocks) / 1e6 }
  }

  /** By the mount, and, where the server leaves something behind, once more without it. */
  async verify(): Promise<void> {
    await this.withDisk(async (disk) => this.verifyBy(readsOf(disk, this.options.workload)))
    await this.server.stop()
    await this.options.verifyRest?.(this.server.folder, (read) => this.verifyBy(read))
  }

  async end(): Promise<void> {
    await this.server.end()
  }

  private async verifyBy(read: ReadSectors): Promise<void> {
    const { workload } = this.options
    const expected = workload.operation === 'write' ? this.blocks : 0
    const count = await countPattern(this.name, workload, patternBytes(this.pattern), read)
    if (count !== expected)
      throw new CommandError(`${this.name}: ${expected} sectors were written, ${count} have the new content`)
  }

  /** Past the page cache, which would answer in place of the server. */
  private async withDisk(work: (disk: FileHandle) => Promise<void>): Promise<void> {
    const disk = await open(this.server.disk, constants.O_RDWR | constants.O_DIRECT)
    try {
      await work(disk)
    } finally {
      await disk.close()
    }
  }
}

function readsOf(disk: FileHandle, { sectorBytes }: Workload): ReadSectors {
  return async (lba, target) => {
    await disk.read(target, 0, target.length, lba * sectorBytes)
  }
}
