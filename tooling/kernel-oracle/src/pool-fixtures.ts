/** The fixtures that libpmemblk wrote: asked about again, and made again. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { poolImages, type PoolImage } from '@bttkit/fixtures'
import { compareImages } from './compare-images.ts'
import type { FixtureVerdict } from './kernel-fixtures.ts'
import type { Libpmemblk, PmemblkPool } from './libpmemblk.ts'

/** What the manifests have in place of a block that reads as an error. */
const ERROR_BYTE = 0xee

type Block = Uint8Array | undefined

function blocksOf(pool: PmemblkPool): Block[] {
  return Array.from({ length: pool.blockCount }, (_, lba) => pool.read(lba))
}

function sha256Of(blocks: readonly Block[], blockBytes: number): string {
  const hash = createHash('sha256')
  for (const block of blocks) hash.update(block ?? new Uint8Array(blockBytes).fill(ERROR_BYTE))
  return hash.digest('hex')
}

/** What it finds in a closed pool, beside the manifest. */
function problemsOf(libpmemblk: Libpmemblk, path: string, { manifest }: PoolImage): string[] {
  const { bsize, nlba, logical_sha256: sha256 } = manifest
  const problems = libpmemblk.check(path, bsize) ? [] : ['libpmemblk does not call it consistent']
  const pool = libpmemblk.open(path, bsize)
  if (pool.blockCount !== nlba) problems.push(`it has ${pool.blockCount} blocks, not ${nlba}`)
  if (sha256Of(blocksOf(pool), bsize) !== sha256) problems.push('its blocks read otherwise')
  pool.close()
  return problems
}

/** Whether libpmemblk says of each stored pool what its manifest has: consistent, so many blocks, and what each reads. */
export function askPoolsAgain(libpmemblk: Libpmemblk, folder: string): FixtureVerdict[] {
  return poolImages().map((image) => {
    const path = join(folder, `stored-${image.name}.pool`)
    image.writeTo(path)
    return { name: image.name, problems: problemsOf(libpmemblk, path, image) }
  })
}

/** Makes a pool of the same size, and brings each block to where the stored one has it. */
function makePool(libpmemblk: Libpmemblk, folder: string, { name, manifest }: PoolImage): string {
  const { bsize, pool_file: file, error_lbas: errors = [], zero_lbas: zeros = [] } = manifest
  const stored = libpmemblk.open(join(folder, `stored-${name}.pool`), bsize)
  const path = join(folder, `made-${name}.pool`)
  const made = libpmemblk.create(path, bsize, file.size)
  for (const [lba, block] of blocksOf(stored).entries())
    if (block?.some((byte) => byte !== 0) === true) made.write(lba, block)
  for (const lba of zeros) made.setZero(lba)
  for (const lba of errors) made.setError(lba)
  stored.close()
  made.close()
  return path
}

/**
 * Has libpmemblk make the pools again, after `askPoolsAgain` in the same folder, and compares them with the stored ones. One whose writes were cut
 * cannot be had twice.
 */
export async function makePoolsAgain(libpmemblk: Libpmemblk, folder: string): Promise<FixtureVerdict[]> {
  const verdicts: FixtureVerdict[] = []
  for (const image of poolImages().filter(({ kind }) => kind !== 'crash')) {
    const path = makePool(libpmemblk, folder, image)
    const bytes = new Uint8Array(await readFile(path))
    const problems: string[] = []
    const arenaAt = image.manifest.btt.offset
    if (image.manifest.layout_written) {
      const stored = { bytes: image.bytes(), arenaAt }
      problems.push(...compareImages(stored, { bytes, arenaAt }, { areUuidsFree: true }))
    } else if (bytes.subarray(arenaAt).some((byte) => byte !== 0)) problems.push('there is something in it')
    problems.push(...problemsOf(libpmemblk, path, image))
    verdicts.push({ name: image.name, problems })
  }
  return verdicts
}
