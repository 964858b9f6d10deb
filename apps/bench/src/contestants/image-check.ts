/** Offline checks of one image, one after the other, and the least they take: to read its map. */
import { open } from 'node:fs/promises'
import { examineImage, type ImageReport } from '@bttkit/checker-image'
import { CommandError } from '@bttkit/command-line'
import { runBlocking } from '@bttkit/sleepable'
import type { Stack } from '@bttkit/stack'
import type { Contestant, RoundResult } from './contestant.ts'

/** The image that is checked. */
export interface CheckedImage {
  readonly path: string
  /** Of the map. */
  readonly entries: number
  /** Byte of the file at which the map begins. */
  readonly mapOffset: number
  /** How many sectors were written. */
  readonly written: number
}

const PIECE_BYTES = 2 ** 20
const MAP_ENTRY_BYTES = 4

export class ImageCheck implements Contestant {
  readonly name = 'check'
  readonly kind = 'ours'
  private readonly stack: Stack
  private readonly image: CheckedImage
  private report: ImageReport | undefined

  constructor(stack: Stack, image: CheckedImage) {
    this.stack = stack
    this.image = image
  }

  async prepare(): Promise<void> {}

  async run(): Promise<RoundResult> {
    const provider = await this.stack.openProvider(this.image.path, { readOnly: true, blocking: true })
    try {
      const startMs = performance.now()
      this.report = runBlocking(examineImage(provider))
      const elapsedMs = performance.now() - startMs
      return { elapsedMs, value: (elapsedMs * 1e6) / this.image.entries }
    } finally {
      await provider.close()
    }
  }

  /** That it has seen every entry, and what is in it. */
  async verify(): Promise<void> {
    const { entries, written } = this.image
    const { verdict, arenas = [] } = this.report ?? {}
    const [sectors] = arenas.map((arena) => arena.sectors)
    const seen = sectors === undefined ? 0 : sectors.initial + sectors.zero + sectors.normal
    if (verdict !== 'clean' || seen !== entries || sectors?.normal !== written)
      throw new CommandError(
        `check: ${verdict}, ${sectors?.normal} of ${written} written sectors in ${seen} of ${entries} entries`,
      )
  }

  async end(): Promise<void> {}
}

export class MapReading implements Contestant {
  readonly name = 'read of the map'
  readonly kind = 'limit'
  private readonly image: CheckedImage
  private normal = 0

  constructor(image: CheckedImage) {
    this.image = image
  }

  async prepare(): Promise<void> {}

  async run(): Promise<RoundResult> {
    const { path, entries, mapOffset } = this.image
    const file = await open(path)
    const piece = new Uint32Array(PIECE_BYTES / MAP_ENTRY_BYTES)
    try {
      const startMs = performance.now()
      this.normal = 0
      for (let first = 0; first < entries; first += piece.length) {
        const count = Math.min(piece.length, entries - first)
        const at = mapOffset + first * MAP_ENTRY_BYTES
        await file.read(piece, 0, count * MAP_ENTRY_BYTES, at)
        for (let i = 0; i < count; i++) if (piece[i] !== 0) this.normal++
      }
      const elapsedMs = performance.now() - startMs
      return { elapsedMs, value: (elapsedMs * 1e6) / entries }
    } finally {
      await file.close()
    }
  }

  async verify(): Promise<void> {
    const { written } = this.image
    if (this.normal !== written)
      throw new CommandError(`${this.name}: ${this.normal} of ${written} written sectors`)
  }

  async end(): Promise<void> {}
}
