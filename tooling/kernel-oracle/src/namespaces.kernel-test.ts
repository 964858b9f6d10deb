/**
 * Several namespaces on one NVDIMM, with labels of both versions that ndctl made: we find what the kernel has, write to one of them, and the kernel reads it back
 * and the others as they were.
 */
import { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { listNamespaces, type Namespace } from '@bttkit/btt'
import { runAsync } from '@bttkit/sleepable'
import { createStack } from '@bttkit/stack'
import { bootKernel } from './boot-kernel.ts'
import { pattern } from './our-images.test-support.ts'

const MIB = 2 ** 20
const LABEL_BYTES = 128 * 2 ** 10
const LIMIT_MS = 240_000
const VERSIONS = ['1.1', '1.2'] as const
const NVDIMM_BYTES = 80 * MIB

/** Their mode in ndctl, their size, and the sectors of those with a BTT. */
const WANTED = { alpha: '-m sector -l 4096 -s 32M', beta: '-m raw -s 16M', gamma: '-m sector -l 512 -s 32M' }
type Name = keyof typeof WANTED
const NAMES: readonly Name[] = ['alpha', 'beta', 'gamma']

/** What the kernel wrote at the beginning of each disk: this line again and again. */
const WRITTEN_BYTES = 64 * 2 ** 10
const textOf = (name: Name): string => `${name}, by the kernel\n`
const writtenTo = (name: Name): Buffer => Buffer.alloc(WRITTEN_BYTES, textOf(name))

/** `namespace_of NUMBER NAME` and `disk_of NUMBER NAME`: what the kernel calls them. */
const FUNCTIONS = `
. /nvdimms.sh
namespace_of() {
  for namespace in /sys/bus/nd/devices/namespace$(region_of $1).*; do
    [ "$(cat $namespace/alt_name)" = $2 ] && basename $namespace && return
  done
}
disk_of() {
  number=$(namespace_of $1 $2)
  number=\${number#namespace}
  number=\${number%.0}
  ls /dev | grep -x "pmem$number\\(s\\|\\)" | tail -n 1
}
`

const MAKE = `${FUNCTIONS}
i=0
for version in ${VERSIONS.join(' ')}; do
  region=region$(region_of $i)
  ndctl disable-region $region && ndctl init-labels -f -V $version nmem$i && ndctl enable-region $region || exit 1
${NAMES.map((name) => `  ndctl create-namespace -r $region -n ${name} ${WANTED[name]} || exit 2`).join('\n')}
  for name in ${NAMES.join(' ')}; do
    yes "$name, by the kernel" | head -c ${WRITTEN_BYTES} | gnu-dd of=/dev/$(disk_of $i $name) bs=4096 oflag=direct iflag=fullblock || exit 3
    sys=/sys/bus/nd/devices/$(namespace_of $i $name)
    echo "$(cat $sys/uuid) $(($(cat $sys/resource) - $(cat /sys/bus/nd/devices/$region/resource))) $(cat $sys/size)" >known-$i-$name
  done
  i=$((i + 1))
done
exit 0
`

const READ = `${FUNCTIONS}
for i in ${VERSIONS.map((_, i) => i).join(' ')}; do
  for name in ${NAMES.join(' ')}; do
    gnu-dd if=/dev/$(disk_of $i $name) of=content-$i-$name bs=1M iflag=direct || exit 4
  done
done
exit 0
`

interface Known {
  readonly uuid: string
  readonly range: { readonly offset: number; readonly length: number }
}

const whyNot = inject('whyNoKernel')

describe.skipIf(whyNot !== '')('several namespaces of one NVDIMM', () => {
  const stack = createStack()
  const known = new Map<string, Known>()
  const found = new Map<string, readonly Namespace[]>()
  /** What the kernel read in the end. */
  const content = new Map<string, Buffer>()
  const ourContent = new Map<string, Buffer>()
  const unchanged = new Map<string, readonly boolean[]>()
  let folder = ''

  const pathOf = (version: string): string => join(folder, `${version}.img`)

  /** From `from` to `to` of the file. */
  async function part(version: string, from: number, to: number): Promise<Buffer> {
    await using file = await open(pathOf(version))
    const bytes = Buffer.alloc(to - from)
    await file.read(bytes, 0, bytes.length, from)
    return bytes
  }

  /** Writes all of the first namespace, zeroes a part of it, and says what it holds then. */
  async function writeAlpha(version: string): Promise<Buffer> {
    const device = await stack.openImage(pathOf(version), { namespace: 'alpha' })
    const { sectorCount, sectorSize } = device
    const all = Buffer.from(pattern(device, 0, sectorCount, 7))
    await device.write(0, all)
    await device.zero(100, 50)
    all.fill(0, 100 * sectorSize, 150 * sectorSize)
    await device.close()
    return all
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bttkit-namespaces-'))
    for (const version of VERSIONS) {
      await writeFile(pathOf(version), '')
      await truncate(pathOf(version), NVDIMM_BYTES + LABEL_BYTES)
    }
    const nvdimms = VERSIONS.map((version) => ({ path: pathOf(version), labelBytes: LABEL_BYTES }))
    const kernel = inject('kernelPackage')
    const made = await bootKernel({ kernel, nvdimms, script: MAKE, limitMs: LIMIT_MS }, async (job) => {
      for (const [i, version] of VERSIONS.entries()) {
        for (const name of NAMES) {
          const text = await readFile(join(job, `known-${i}-${name}`), 'utf8').catch(() => '')
          const [uuid = '', offset, length] = text.trim().split(' ')
          known.set(version + name, { uuid, range: { offset: Number(offset), length: Number(length) } })
        }
      }
    })
    if (made.status !== 0) throw new Error(`no namespaces were made (${made.status}): ${made.output}`)
    for (const version of VERSIONS) {
      const provider = await stack.openProvider(pathOf(version), { readOnly: true })
      found.set(version, await runAsync(listNamespaces(provider)))
      await provider.close()
      const { offset, length } = known.get(`${version}alpha`)?.range ?? { offset: 0, length: 0 }
      const around = async (): Promise<Buffer[]> => [
        await part(version, 0, offset),
        await part(version, offset + length, NVDIMM_BYTES + LABEL_BYTES),
      ]
      const before = await around()
      ourContent.set(version, await writeAlpha(version))
      const after = await around()
      unchanged.set(version, after.map((bytes, i) => before[i]?.equals(bytes) === true))
    }
    const read = await bootKernel({ kernel, nvdimms, script: READ, limitMs: LIMIT_MS }, async (job) => {
      for (const [i, version] of VERSIONS.entries())
        for (const name of NAMES)
          content.set(version + name, await readFile(join(job, `content-${i}-${name}`)).catch(() => Buffer.alloc(0)))
    })
    if (read.status !== 0) throw new Error(`not all was read (${read.status}): ${read.output}`)
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  describe.each(VERSIONS)('labels of version %s', (version) => {
    const btt = version === '1.1' ? 'btt 1.1' : 'btt 2.0'

    test.each([
      ['alpha', btt],
      ['beta', 'raw'],
      ['gamma', btt],
    ] as const)('%s is found where the kernel has it, and is %s', (name, what) => {
      const namespace = found.get(version)?.find((one) => one.name === name)
      expect(namespace).toMatchObject({ ...known.get(version + name), content: what, problems: [] })
    })

    test('no more are found', () => {
      expect(found.get(version)).toHaveLength(NAMES.length)
    })

    test('what we write to one of them leaves all that is around it alone', () => {
      expect(unchanged.get(version)).toEqual([true, true])
    })

    test('the kernel reads what we wrote', () => {
      const ours = ourContent.get(version)
      expect(ours?.length).toBeGreaterThan(30 * MIB)
      expect(ours && content.get(`${version}alpha`)?.equals(ours)).toBe(true)
    })

    test.each(['beta', 'gamma'] as const)('the kernel reads what it wrote itself to %s', (name) => {
      const read = content.get(version + name)
      expect(read?.subarray(0, WRITTEN_BYTES).equals(writtenTo(name))).toBe(true)
    })
  })
})
