/** The fixtures that a kernel wrote: asked about again, and made again. */
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { kernelImage, kernelImages, type KernelImage, type KernelManifest } from '@bttkit/fixtures'
import { ALTERED_NAMES, alter, baseOf } from './altered-images.ts'
import { bootKernel } from './boot-kernel.ts'
import { compareImages } from './compare-images.ts'
import type { NvdimmFile } from './start-guest.ts'

/** What is said of one image. */
export interface FixtureVerdict {
  readonly name: string
  readonly problems: readonly string[]
}

export interface FixtureOptions {
  readonly kernel: string
  /** A folder for the images, 250 MiB. */
  readonly folder: string
  readonly limitMs: number
}

const REPOSITORY = join(import.meta.dirname, '..', '..', '..')
/** As many processors and writers as the stored images had. */
const PARTS = 4

async function askedImage(folder: string, image: KernelImage): Promise<NvdimmFile> {
  const path = join(folder, `stored-${image.name}.img`)
  image.writeTo(path)
  return { path, labelBytes: image.manifest.namespace.labelAreaBytes ?? 0 }
}

/** Of an image of which the driver reads less than everything there is no content. */
async function whatKernelSays(job: string, index: number): Promise<unknown> {
  const text = (name: string): Promise<string> => readFile(join(job, `${name}-${index}`), 'utf8')
  const ndctlStatus = Number(await text('ndctl'))
  const [diskBytes, sectorSize] = (await text('disk')).trim().split(' ').map(Number)
  if (sectorSize === undefined) return { attached: false, ndctlStatus }
  const content = await readFile(join(job, `in-pages-${index}`))
  const sha256 = createHash('sha256').update(content).digest('hex')
  return { attached: true, ndctlStatus, diskBytes, sectorSize, sha256 }
}

function whatManifestSays({ kernel: { attach }, ndctl, arenas = [] }: KernelManifest): unknown {
  // ndctl was asked before an attach completed what was interrupted, and here it is asked afterwards.
  const isCompleted = arenas.some(({ pendingRecovery }) => pendingRecovery.length > 0)
  const ndctlStatus = isCompleted ? 0 : ndctl.check.rc
  if (!attach.attached) return { attached: false, ndctlStatus }
  const { diskBytes, sectorSize, sha256 } = attach
  return { attached: true, ndctlStatus, diskBytes, sectorSize, sha256 }
}

/** Whether the driver and ndctl say of each stored image what its manifest has of them: whether it attaches, size, sector size and whole content, and ndctl's exit status. */
export async function askAgain({ kernel, folder, limitMs }: FixtureOptions): Promise<FixtureVerdict[]> {
  const isLabelled = ({ manifest }: KernelImage): number => Number(manifest.namespace.labelled)
  // A label holds for the place that the NVDIMM had, which was the first.
  const images = kernelImages().toSorted((one, other) => isLabelled(other) - isLabelled(one))
  const nvdimms = await Promise.all(images.map((image) => askedImage(folder, image)))
  const each = (line: (index: number) => string): string => images.map((_, index) => line(index)).join('\n')
  const script = `
. /nvdimms.sh
size_of() { disk=$(btt_disk_of $1) && echo $(($(cat /sys/block/$disk/size) * 512)) $(cat /sys/block/$disk/queue/logical_block_size); }
${each((index) => `size_of ${index} >disk-${index} && read_in_pages ${index}`)}
ndctl disable-namespace all
${each((index) => `ndctl_check ${index} >/dev/null 2>&1; echo $? >ndctl-${index}`)}
exit 0
`
  const verdicts: FixtureVerdict[] = []
  await bootKernel({ kernel, nvdimms, script, limitMs }, async (job) => {
    for (const [index, { name, manifest }] of images.entries()) {
      const [found, recorded] = [await whatKernelSays(job, index), whatManifestSays(manifest)]
      const isSame = JSON.stringify(found) === JSON.stringify(recorded)
      const problem = `the driver says ${JSON.stringify(found)}, and the manifest ${JSON.stringify(recorded)}`
      verdicts.push({ name, problems: isSame ? [] : [problem] })
    }
  })
  return verdicts
}

/** What is made again: the clean images, and the base of the altered ones. */
interface Remade {
  readonly name: string
  readonly stored: Uint8Array
  /** Of the image, or of one whose base it is. */
  readonly manifest: KernelManifest
}

const BASE = 'the base of the altered images'

function remadeImages(): Remade[] {
  const clean = kernelImages().filter(({ kind }) => kind === 'clean')
  const altered = ALTERED_NAMES.map(kernelImage)
  const told = altered.find(({ manifest }) => manifest.btt !== undefined)
  if (told === undefined) throw new Error('no altered image tells what its base is')
  return [
    ...clean.map((image) => ({ name: image.name, stored: image.bytes(), manifest: image.manifest })),
    { name: BASE, stored: baseOf(altered.map((image) => image.bytes())), manifest: told.manifest },
  ]
}

/** Has the driver lay out a BTT: by sysfs, which takes a uuid, or in a labelled namespace by ndctl. */
function layOutScript({ namespace, btt }: KernelManifest, index: number): string {
  const { externalLbasize = 0, uuid = '' } = btt ?? {}
  if (namespace.labelled) return `make_labelled ${index} ${externalLbasize} || exit 1`
  return `make_btt ${index} ${externalLbasize} ${uuid} || exit 1`
}

function writeScript({ btt, pattern, logical }: KernelManifest, index: number): string {
  const sectorBytes = (btt?.externalLbasize ?? 0) < 4096 ? 512 : 4096
  return `fill ${index} ${sectorBytes} ${logical?.sectors ?? 0} ${pattern.seed} ${pattern.genBase}`
}

const FUNCTIONS = `
. /nvdimms.sh
bus=/sys/bus/nd
make_btt() {
  region=$(region_of $1)
  seed=$(cat $bus/devices/region$region/btt_seed)
  echo namespace$region.0 >$bus/drivers/nd_pmem/unbind
  echo $2 >$bus/devices/$seed/sector_size
  echo $3 >$bus/devices/$seed/uuid
  echo namespace$region.0 >$bus/devices/$seed/namespace
  echo $seed >$bus/drivers/nd_pmem/bind
}
make_labelled() {
  region=region$(region_of $1)
  ndctl disable-region $region && ndctl init-labels -f -V 1.2 nmem$1 && ndctl enable-region $region &&
    ndctl create-namespace -r $region -m sector -l $2
}
fill() {
  image=$1; shift
  disk=/dev/$(btt_disk_of $image) || return
  for part in $(seq 0 ${PARTS - 1}); do
    taskset $(printf %x $((1 << part))) node --conditions=@bttkit/source \\
      /repository/tooling/kernel-oracle/src/write-pattern.guest.ts $disk "$@" $part ${PARTS} || touch failed &
  done
  wait
}
`

/**
 * Has the driver make the images again, and compares them with the stored ones. The altered images are compared with the base and what was done to it, byte
 * for byte; one that a crash left cannot be had twice.
 */
export async function makeAgain({ kernel, folder, limitMs }: FixtureOptions): Promise<FixtureVerdict[]> {
  const remade = remadeImages()
  const nvdimms: NvdimmFile[] = []
  for (const [index, { stored, manifest }] of remade.entries()) {
    const path = join(folder, `made-${index}.img`)
    await writeFile(path, '')
    await truncate(path, stored.length)
    nvdimms.push({ path, labelBytes: manifest.namespace.labelAreaBytes ?? 0 })
  }
  const lines = remade.flatMap(({ manifest }, index) => [
    layOutScript(manifest, index),
    writeScript(manifest, index),
  ])
  const { status, output } = await bootKernel({
    kernel,
    nvdimms,
    cpus: PARTS,
    hasNode: true,
    folders: { repository: REPOSITORY },
    script: [FUNCTIONS, ...lines, '[ ! -e failed ]'].join('\n'),
    limitMs,
  })
  if (status !== 0) throw new Error(`the guest's script ended with ${status}: ${output}`)
  const verdicts: FixtureVerdict[] = []
  for (const [index, { name, stored, manifest }] of remade.entries()) {
    const made = new Uint8Array(await readFile(nvdimms[index]?.path ?? ''))
    const arenaAt = manifest.btt?.infoBlockFileOffset ?? 0
    const options = { areUuidsFree: manifest.namespace.labelled }
    const problems = [...compareImages({ bytes: stored, arenaAt }, { bytes: made, arenaAt }, options)]
    verdicts.push({ name, problems })
  }
  return [...verdicts, ...alteredVerdicts()]
}

function alteredVerdicts(): FixtureVerdict[] {
  const base = baseOf(ALTERED_NAMES.map((name) => kernelImage(name).bytes()))
  return ALTERED_NAMES.map((name) => {
    const isSame = Buffer.compare(alter(base, name), kernelImage(name).bytes()) === 0
    return { name, problems: isSame ? [] : ['it is not the base with that alteration'] }
  })
}
