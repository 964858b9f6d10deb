/**
 * Several namespaces on one NVDIMM, with labels of both versions that ndctl made: we find what the kernel has, write to one of them, and the kernel reads it back
 * and the others as they were.
 */
import { cp, mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises'
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
  gnu-dd if=/dev/$(disk_of $i alpha) of=content-$i-alpha bs=1M iflag=direct || exit 4
  for name in beta gamma; do
    gnu-dd if=/dev/$(disk_of $i $name) of=content-$i-$name bs=${WRITTEN_BYTES} count=1 iflag=direct || exit 4
  done
done
exit 0
`

interface Known {
  readonly uuid: string
  readonly range: { readonly offset: number; readonly length: number }
}

const whyNot = inject('whyNoKernel')
const stack = createStack()

/** From `from` to `to` of a file. */
async function part(path: string, from: number, to: number): Promise<Buffer> {
  await using file = await open(path)
  const bytes = Buffer.alloc(to - from)
  await file.read(bytes, 0, bytes.length, from)
  return bytes
}

/** All but one range of an NVDIMM. */
async function around(path: string, { offset, length }: Known['range']): Promise<Buffer> {
  const end = NVDIMM_BYTES + LABEL_BYTES
  return Buffer.concat([await part(path, 0, offset), await part(path, offset + length, end)])
}

/** Writes all of the first namespace, zeroes a part of it, and says what it holds then. */
async function writeAlpha(path: string): Promise<Buffer> {
  const device = await stack.openImage(path, { namespace: 'alpha' })
  const { sectorCount, sectorSize } = device
  const all = Buffer.from(pattern(device, 0, sectorCount, 7))
  await device.write(0, all)
  await device.zero(100, 50)
  all.fill(0, 100 * sectorSize, 150 * sectorSize)
  await device.close()
  return all
}

async function namespacesIn(path: string): Promise<readonly Namespace[]> {
  const provider = await stack.openProvider(path, { readOnly: true })
  const namespaces = await runAsync(listNamespaces(provider))
  await provider.close()
  return namespaces
}

/** Two NVDIMMs, one for each version of labels. */
class Nvdimms {
  /** By version and name. */
  readonly known = new Map<string, Known>()
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  path(version: string): string {
    return join(this.folder, `${version}.img`)
  }

  async make(): Promise<void> {
    for (const version of VERSIONS) {
      await writeFile(this.path(version), '')
      await truncate(this.path(version), NVDIMM_BYTES + LABEL_BYTES)
    }
    await this.boot(MAKE, async (i, version, name, job) => {
      const text = await readFile(join(job, `known-${i}-${name}`), 'utf8')
      const [uuid = '', offset, length] = text.trim().split(' ')
      this.known.set(version + name, { uuid, range: { offset: Number(offset), length: Number(length) } })
    })
  }

  /** What the kernel reads: all of the first namespace, and of the others what it wrote. By version and name. */
  async read(): Promise<ReadonlyMap<string, Buffer>> {
    const content = new Map<string, Buffer>()
    await this.boot(READ, async (i, version, name, job) => {
      content.set(version + name, await readFile(join(job, `content-${i}-${name}`)))
    })
    return content
  }

  private async boot(
    script: string,
    collect: (i: number, version: string, name: Name, job: string) => Promise<void>,
  ): Promise<void> {
    const nvdimms = VERSIONS.map((version) => ({ path: this.path(version), labelBytes: LABEL_BYTES }))
    const kernel = inject('kernelPackage')
    let job = ''
    const { status, output } = await bootKernel(
      { kernel, nvdimms, script, limitMs: LIMIT_MS },
      async (folder) => {
        job = join(this.folder, 'job')
        await cp(folder, job, { recursive: true })
      },
    )
    if (status !== 0) throw new Error(`the guest's script ended with ${status}: ${output}`)
    for (const [i, version] of VERSIONS.entries())
      for (const name of NAMES) await collect(i, version, name, job)
  }
}

describe.skipIf(whyNot !== '')('several namespaces of one NVDIMM', () => {
  const found = new Map<string, readonly Namespace[]>()
  const written = new Map<string, Buffer>()
  const unchanged = new Map<string, boolean>()
  let folder = ''
  let nvdimms: Nvdimms
  /** What the kernel read in the end. */
  let content: ReadonlyMap<string, Buffer>

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bttkit-namespaces-'))
    nvdimms = new Nvdimms(folder)
    await nvdimms.make()
    for (const version of VERSIONS) {
      const path = nvdimms.path(version)
      found.set(version, await namespacesIn(path))
      const range = nvdimms.known.get(`${version}alpha`)?.range ?? { offset: 0, length: 0 }
      const before = await around(path, range)
      written.set(version, await writeAlpha(path))
      unchanged.set(version, (await around(path, range)).equals(before))
    }
    content = await nvdimms.read()
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
      expect(namespace).toMatchObject({ ...nvdimms.known.get(version + name), content: what, problems: [] })
    })

    test('no more are found', () => {
      expect(found.get(version)).toHaveLength(NAMES.length)
    })

    test('what we write to one of them leaves all that is around it alone', () => {
      expect(unchanged.get(version)).toBe(true)
    })

    test('the kernel reads what we wrote', () => {
      const ours = written.get(version) ?? Buffer.alloc(0)
      expect(ours.length).toBeGreaterThan(30 * MIB)
      expect(content.get(`${version}alpha`)?.equals(ours)).toBe(true)
    })

    test.each(['beta', 'gamma'] as const)('the kernel reads what it wrote itself to %s', (name) => {
      expect(content.get(version + name)?.equals(writtenTo(name))).toBe(true)
    })
  })
})
