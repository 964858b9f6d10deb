/** BTT 2.0 lies in a namespace that a label speaks for. The labels are ndctl's, made in a guest; what is in the namespace is ours. */
import { open, truncate, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { bootKernel } from './boot-kernel.ts'
import { verdictOf } from './image-state.test-support.ts'
import { readByKernel, type KernelImageReading } from './kernel-reading.test-support.ts'
import { create, randomWorkload } from './our-images.test-support.ts'
import { differingSectors, readByUs, type Reading } from './our-reading.test-support.ts'
import { Scratch } from './scratch.test-support.ts'

const LBASIZES = [512, 528, 4096, 4224]
/** ndctl wants a multiple of 16 MiB. */
const NAMESPACE_BYTES = 32 * 2 ** 20
/** The least that QEMU takes. */
const LABEL_BYTES = 128 * 2 ** 10
const LIMIT_MS = 240_000

/** A namespace over the whole of each NVDIMM, with a BTT of the driver's own. Names what it is called by: a region that was empty has no other. */
const MAKE_NAMESPACES = `
. /nvdimms.sh
i=0
for size in ${LBASIZES.join(' ')}; do
  region=region$(region_of $i)
  ndctl disable-region $region && ndctl init-labels -f -V 1.2 nmem$i && ndctl enable-region $region || exit 1
  ndctl create-namespace -r $region -m sector -l $size || exit 1
  i=$((i + 1))
done
`

const whyNot = inject('whyNoKernel')

describe.skipIf(whyNot !== '')('a BTT 2.0 of ours in a labelled namespace', () => {
  const scratch = new Scratch()
  const pathOf = (lbasize: number): string => scratch.path(`${lbasize}.img`)
  /** The namespace, without the label area. */
  const namespaceOf = (lbasize: number): string =>
    `offset:${pathOf(lbasize)}?windowOffset=0&windowSize=${NAMESPACE_BYTES}`
  const byUs = new Map<number, Reading>()
  const byKernel = new Map<number, KernelImageReading | undefined>()
  const labelsChanged: number[] = []

  async function labelArea(lbasize: number): Promise<Buffer> {
    await using file = await open(pathOf(lbasize))
    const area = Buffer.alloc(LABEL_BYTES)
    await file.read(area, 0, LABEL_BYTES, NAMESPACE_BYTES)
    return area
  }

  beforeAll(async () => {
    for (const lbasize of LBASIZES) {
      await writeFile(pathOf(lbasize), '')
      await truncate(pathOf(lbasize), NAMESPACE_BYTES + LABEL_BYTES)
    }
    const nvdimms = LBASIZES.map((lbasize) => ({ path: pathOf(lbasize), labelBytes: LABEL_BYTES }))
    const kernel = inject('kernelPackage')
    const { status, output } = await bootKernel({
      kernel,
      nvdimms,
      script: MAKE_NAMESPACES,
      limitMs: LIMIT_MS,
    })
    if (status !== 0) throw new Error(`no namespaces were made: ${output}`)
    for (const lbasize of LBASIZES) {
      const labels = await labelArea(lbasize)
      await create(namespaceOf(lbasize), {
        sizeBytes: undefined,
        version: '2.0',
        externalLbasize: lbasize,
        force: true,
      })
      await randomWorkload(namespaceOf(lbasize), lbasize)
      byUs.set(lbasize, await readByUs(namespaceOf(lbasize)))
      if (!labels.equals(await labelArea(lbasize))) labelsChanged.push(lbasize)
    }
    const readings = await readByKernel(nvdimms)
    for (const [i, lbasize] of LBASIZES.entries()) byKernel.set(lbasize, readings[i])
  })

  afterAll(() => scratch[Symbol.dispose]())

  test.each(LBASIZES)('%i: attaches, has our size, and every sector reads as we say', async (lbasize) => {
    const [ours, kernels] = [byUs.get(lbasize), byKernel.get(lbasize)?.reading]
    if (ours === undefined || kernels === undefined) throw new Error('it was not read')
    expect({ ...kernels, content: 0 }).toEqual({ ...ours, content: 0 })
    expect(differingSectors(kernels, ours)).toEqual([])
    expect(await verdictOf(namespaceOf(lbasize))).toBe('clean')
  })

  test.each(LBASIZES)('%i: is found without being told where it is', async (lbasize) => {
    expect((await readByUs(pathOf(lbasize))).sectorCount).toBe(byUs.get(lbasize)?.sectorCount)
  })

  test('the labels are as they were', () => {
    expect(labelsChanged).toEqual([])
  })

  test.each([512, 4096, 4224])('%i: ndctl finds nothing to complain about', (lbasize) => {
    expect(byKernel.get(lbasize)?.ndctlSays).toContain('checked 1 namespace\n')
    expect(byKernel.get(lbasize)?.ndctlStatus).toBe(0)
  })
})
