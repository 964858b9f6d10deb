/** Namespaces that a label speaks for: with labels of version 1.2 they have a BTT 2.0, with those of 1.1 a BTT 1.1. The labels are ndctl's, made in a guest; what is in the namespace is ours. */
import { open, truncate, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { decodeNamespaceLabels, type BttVersion } from '@bttkit/btt-format'
import { createStack } from '@bttkit/stack'
import { bootKernel } from './boot-kernel.ts'
import { verdictOf } from './image-state.test-support.ts'
import { readByKernel, type KernelImageReading } from './kernel-reading.test-support.ts'
import { create, randomWorkload } from './our-images.test-support.ts'
import { differingSectors, readByUs, type Reading } from './our-reading.test-support.ts'
import { Scratch } from './scratch.test-support.ts'

interface Labelled {
  readonly labels: '1.1' | '1.2'
  readonly btt: BttVersion
  readonly lbasize: number
  /** Whether our BTT names the namespace as its parent, as the driver's own does; else it names none. */
  readonly hasParent: boolean
}

const namespaces: Labelled[] = [
  ...[528, 4096, 4104, 4224].map((lbasize) => ({
    labels: '1.2' as const,
    btt: '2.0' as const,
    lbasize,
    hasParent: lbasize > 4000,
  })),
  ...[512, 4096].map((lbasize) => ({
    labels: '1.1' as const,
    btt: '1.1' as const,
    lbasize,
    hasParent: lbasize > 512,
  })),
]
/** ndctl wants a multiple of 16 MiB. */
const NAMESPACE_BYTES = 32 * 2 ** 20
/** The least that QEMU takes. */
const LABEL_BYTES = 128 * 2 ** 10
const LIMIT_MS = 240_000

/** Namespaces over the whole of each NVDIMM, each with a BTT of the driver's own. Names what it is called by: a region that was empty has no other. */
const MAKE_NAMESPACES = [
  '. /nvdimms.sh',
  'make_namespace() {',
  '  region=region$(region_of $1)',
  '  ndctl disable-region $region && ndctl init-labels -f -V $2 nmem$1 && ndctl enable-region $region || exit 1',
  '  ndctl create-namespace -r $region -m sector -l $3 || exit 1',
  '}',
  ...namespaces.map(({ labels, lbasize }, i) => `make_namespace ${i} ${labels} ${lbasize}`),
].join('\n')

async function labelAreaOf(path: string): Promise<Buffer> {
  await using file = await open(path)
  const area = Buffer.alloc(LABEL_BYTES)
  await file.read(area, 0, LABEL_BYTES, NAMESPACE_BYTES)
  return area
}

const whyNot = inject('whyNoKernel')

describe.skipIf(whyNot !== '')('a BTT of ours in a labelled namespace', () => {
  const scratch = new Scratch()
  const pathOf = ({ labels, lbasize }: Labelled): string => scratch.path(`${labels}-${lbasize}.img`)
  /** The namespace, without the label area. */
  const namespaceOf = (labelled: Labelled): string =>
    `offset:${pathOf(labelled)}?windowOffset=0&windowSize=${NAMESPACE_BYTES}`
  const byUs = new Map<Labelled, Reading>()
  const byKernel = new Map<Labelled, KernelImageReading | undefined>()
  const labelsChanged: Labelled[] = []

  /** Puts a BTT of ours in place of the driver's, and writes it. */
  async function makeOurs(labelled: Labelled): Promise<void> {
    const { btt: version, lbasize: externalLbasize, hasParent } = labelled
    const labels = await labelAreaOf(pathOf(labelled))
    const [namespaceUuid] = decodeNamespaceLabels(labels)?.labels.map(({ uuid }) => uuid) ?? []
    const parentUuid = hasParent ? namespaceUuid : undefined
    const layout = { sizeBytes: undefined, version, externalLbasize, parentUuid, force: true }
    await create(namespaceOf(labelled), layout)
    await randomWorkload(namespaceOf(labelled), externalLbasize, { operations: 2000 })
    byUs.set(labelled, await readByUs(namespaceOf(labelled)))
    if (!labels.equals(await labelAreaOf(pathOf(labelled)))) labelsChanged.push(labelled)
  }

  beforeAll(async () => {
    for (const labelled of namespaces) {
      await writeFile(pathOf(labelled), '')
      await truncate(pathOf(labelled), NAMESPACE_BYTES + LABEL_BYTES)
    }
    const nvdimms = namespaces.map((labelled) => ({ path: pathOf(labelled), labelBytes: LABEL_BYTES }))
    const kernel = inject('kernelPackage')
    const { status, output } = await bootKernel({
      kernel,
      nvdimms,
      script: MAKE_NAMESPACES,
      limitMs: LIMIT_MS,
    })
    if (status !== 0) throw new Error(`no namespaces were made: ${output}`)
    for (const labelled of namespaces) await makeOurs(labelled)
    const readings = await readByKernel(nvdimms)
    for (const [i, labelled] of namespaces.entries()) byKernel.set(labelled, readings[i])
  })

  afterAll(() => scratch[Symbol.dispose]())

  test.each(namespaces)(
    '$btt, $lbasize: attaches, has our size, and every sector reads as we say',
    async (labelled) => {
      const [ours, kernels] = [byUs.get(labelled), byKernel.get(labelled)?.reading]
      if (ours === undefined || kernels === undefined) throw new Error('it was not read')
      expect({ ...kernels, content: 0 }).toEqual({ ...ours, content: 0 })
      expect(differingSectors(kernels, ours)).toEqual([])
      expect(await verdictOf(pathOf(labelled))).toBe('clean')
    },
  )

  test.each(namespaces)('$btt, $lbasize: is found without being told where it is', async (labelled) => {
    const device = await createStack().openImage(pathOf(labelled), { readOnly: true })
    await device.close()
    expect(device.sectorCount).toBe(byUs.get(labelled)?.sectorCount)
    const [arena] = device.info.arenas
    expect(`${arena?.major}.${arena?.minor}`).toBe(labelled.btt)
  })

  test('the labels are as they were', () => {
    expect(labelsChanged).toEqual([])
  })

  test.each(namespaces.filter(({ lbasize }) => lbasize % 64 === 0))(
    '$btt, $lbasize: ndctl finds nothing to complain about',
    (labelled) => {
      expect(byKernel.get(labelled)?.ndctlSays).toContain('checked 1 namespace\n')
      expect(byKernel.get(labelled)?.ndctlStatus).toBe(0)
    },
  )
})
