/** The Linux driver, a mount of ours and our library in one guest, at the same work: what an operation costs each. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createStack } from '@bttkit/stack'
import { bootKernel } from './boot-kernel.ts'
import { secondsOfDd } from './seconds-of-dd.ts'

type ContestantName = 'raw' | 'driver' | 'library' | 'mount'

export const CONTESTANTS: ReadonlyMap<ContestantName, string> = new Map([
  ['raw', 'the bare device, no BTT'],
  ['driver', 'Linux, `nd_btt`'],
  ['library', 'bttkit, library'],
  ['mount', 'bttkit, `btt-mount`'],
])

/** Microseconds an operation. By dd one sector after the other; undefined where there is no disk. */
export interface ContestantTimes {
  readonly name: ContestantName
  readonly randomWriteUs: number
  readonly randomReadUs: number
  readonly ddWriteUs: number | undefined
  readonly ddReadUs: number | undefined
}

export interface SideBySideOptions {
  readonly kernel: string
  /** A folder for two sparse images of 64 MiB and a bare one. */
  readonly folder: string
  /** Of each kind, in each of five rounds. */
  readonly operations: number
  readonly limitMs: number
}

const IMAGE_BYTES = 64 * 2 ** 20
const SECTOR_BYTES = 4096
/** The driver takes no BTT that names another parent than its namespace, and shows the bare device: so we have it to ourselves. */
const FOREIGN_PARENT = '6f1c7a52-0d3e-4c7b-9a55-3d1b8f2e4c10'
const REPOSITORY = join(import.meta.dirname, '..', '..', '..')

/** Every contestant writes first, so that no sector is new to it. What dd says of its time is left in `dd-write-NAME` and `dd-read-NAME`. */
function script(operations: number): string {
  return `
. /nvdimms.sh
mkdir /mnt
run() { node --conditions=@bttkit/source /repository/"$@"; }
measure() { run tooling/kernel-oracle/src/side-by-side.guest.ts $2 $3 ${operations} >random-$1 || exit 1; }
by_dd() {
  for turn in 1 2; do
    gnu-dd if=/dev/zero of=$2 bs=${SECTOR_BYTES} count=${operations} oflag=direct,dsync conv=notrunc 2>dd-write-$1 || exit 1
    gnu-dd if=$2 of=/dev/null bs=${SECTOR_BYTES} count=${operations} iflag=direct 2>dd-read-$1 || exit 1
  done
}
driver=/dev/$(btt_disk_of 0) raw=/dev/pmem$(region_of 2) ours=/dev/pmem$(region_of 1)
measure raw device $raw
measure driver device $driver
measure library library $ours
run apps/mount/src/main.ts $ours /mnt >mount 2>&1 &
mount=$!
for wait in $(seq 1 600); do [ -e /mnt/disk ] && break; sleep 0.1; done
[ -e /mnt/disk ] || { cat mount; exit 1; }
measure mount device /mnt/disk
by_dd raw $raw
by_dd driver $driver
by_dd mount /mnt/disk
umount /mnt
wait $mount
exit 0
`
}

async function timesOf(job: string, name: ContestantName, operations: number): Promise<ContestantTimes> {
  const text = (file: string): Promise<string> => readFile(join(job, file), 'utf8')
  const [writeNs = Number.NaN, readNs = Number.NaN] = (await text(`random-${name}`)).split(' ').map(Number)
  const random = { randomWriteUs: writeNs / 1000, randomReadUs: readNs / 1000 }
  if (name === 'library') return { name, ...random, ddWriteUs: undefined, ddReadUs: undefined }
  const us = async (kind: string): Promise<number> =>
    (1e6 * secondsOfDd(await text(`dd-${kind}-${name}`))) / operations
  return { name, ...random, ddWriteUs: await us('write'), ddReadUs: await us('read') }
}

/**
 * Measures all contestants in one boot of one guest.
 *
 * @throws {Error} where the guest cannot be had, or one of them fails
 */
export async function compareSideBySide(options: SideBySideOptions): Promise<ContestantTimes[]> {
  const { kernel, folder, operations, limitMs } = options
  const paths = ['driver', 'ours', 'raw'].map((name) => join(folder, `${name}.img`))
  const [driver = '', ours = '', raw = ''] = paths
  const stack = createStack()
  await stack.createImage(driver, { sizeBytes: IMAGE_BYTES })
  await stack.createImage(ours, { sizeBytes: IMAGE_BYTES, parentUuid: FOREIGN_PARENT })
  await (await stack.openProvider(`file:${raw}`, { readOnly: false, createSizeBytes: IMAGE_BYTES })).close()
  const times: ContestantTimes[] = []
  const report = await bootKernel(
    {
      kernel,
      nvdimms: paths.map((path) => ({ path })),
      hasNode: true,
      folders: { repository: REPOSITORY },
      script: script(operations),
      limitMs,
    },
    async (job) => {
      // Where a contestant failed, the status says so.
      const isThere = (name: ContestantName): Promise<ContestantTimes | undefined> =>
        timesOf(job, name, operations).catch(() => undefined)
      for (const name of CONTESTANTS.keys()) {
        const found = await isThere(name)
        if (found !== undefined) times.push(found)
      }
    },
  )
  if (report.status !== 0) throw new Error(`the guest's script ended with ${report.status}: ${report.output}`)
  return times
}
