/** What the kernel reads of images, and what ndctl says of them: one boot for many. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inject } from 'vitest'
import { bootKernel } from './boot-kernel.ts'
import { sectorsLost } from './sectors-lost.ts'
import type { Reading } from './our-reading.test-support.ts'
import type { NvdimmFile } from './start-guest.ts'

export interface KernelImageReading {
  /** `undefined` where the driver did not take it for a BTT. */
  readonly reading: Reading | undefined
  /** The same as it is read in large pieces; shorter where a sector is lost. */
  readonly inPages: Buffer | undefined
  /** The exit status of `ndctl check-namespace`. */
  readonly ndctlStatus: number
  readonly ndctlSays: string
}

const LIMIT_MS = 420_000

/** What the driver is to do when everything has been read and checked. */
export interface Afterwards {
  /** For the shell, after `. /nvdimms.sh`. */
  readonly script: string
  readonly files?: Readonly<Record<string, Uint8Array>>
}

function scriptFor(images: readonly NvdimmFile[], afterwards: string): string {
  const readings = images.map((_, i) => `read_out ${i}`)
  const checks = images.map((_, i) => `ndctl_check ${i} >ndctl-${i} 2>&1; echo $? >ndctl-status-${i}`)
  const lines = ['. /nvdimms.sh', ...readings, 'ndctl disable-namespace all', ...checks]
  if (afterwards !== '') lines.push('ndctl enable-namespace all', afterwards)
  return [...lines, 'exit 0'].join('\n')
}

async function collect(job: string, index: number): Promise<KernelImageReading> {
  const text = (name: string): Promise<string> => readFile(join(job, `${name}-${index}`), 'utf8')
  const ndctl = { ndctlStatus: Number(await text('ndctl-status')), ndctlSays: await text('ndctl') }
  const geometry = await text('geometry').catch(() => undefined)
  if (geometry === undefined) return { reading: undefined, inPages: undefined, ...ndctl }
  const [sectorSize = 0, sectorCount = 0] = geometry.split(' ').map(Number)
  const content = await readFile(join(job, `content-${index}`))
  const lost = sectorsLost(await text('lost'))
  const inPages = await readFile(join(job, `in-pages-${index}`))
  return { inPages, reading: { sectorSize, sectorCount, content, lost }, ...ndctl }
}

/** Attaches images by the kernel, which completes interrupted writes in them, and reads everything. */
export async function readByKernel(
  images: readonly NvdimmFile[],
  { script: afterwards, files = {} }: Afterwards = { script: '' },
): Promise<KernelImageReading[]> {
  const readings: KernelImageReading[] = []
  const script = scriptFor(images, afterwards)
  const report = await bootKernel(
    { kernel: inject('kernelPackage'), nvdimms: images, script, files, limitMs: LIMIT_MS },
    async (job) => {
      for (const index of images.keys()) readings.push(await collect(job, index))
    },
  )
  if (report.status !== 0) throw new Error(`the guest's script ended with ${report.status}: ${report.output}`)
  return readings
}
