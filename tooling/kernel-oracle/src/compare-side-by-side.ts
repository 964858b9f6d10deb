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
  /** A folder for four sparse files of 64 MiB. */
  readonly folder: string
  /** Of each kind, in each of five rounds. */
  readonly operations: number
  readonly limitMs: number
}

const IMAGE_BYTES = 64 * 2 ** 20
const SECTOR_BYTES = 4096
/** The median counts. */
const DD_TURNS = 5
/** The driver takes no BTT that names another parent than its namespace, and shows the bare device: so we have it to ourselves. */
const FOREIGN_PARENT = '6f1c7a52-0d3e-4c7b-9a55-3d1b8f2e4c10'
const REPOSITORY = join(import.meta.dirname, '..', '..', '..')

/** What dd says of its times is left in `dd-write-NAME` and `dd-read-NAME`, a line for each turn. */
function script(operations: number): string {
  return `
. /nvdimms.sh
mkdir /mnt
run() { node --conditions=@bttkit/source /repository/"$@"; }
by_dd() {
  gnu-dd if=/dev/zero of=$2 bs=${SECTOR_BYTES} count=${operations} oflag=direct,dsync conv=notrunc 2>>dd-write-$1 || exit 1
  gnu-dd if=$2 of=/dev/null bs=${SECTOR_BYTES} count=${operations} iflag=direct 2>>dd-read-$1 || exit 1
}
raw=/dev/pmem$(region_of 0) driver=/dev/$(btt_disk_of 1)
run apps/mount/src/main.ts /dev/pmem$(region_of 2) /mnt >mount 2>&1 &
mount=$!
for wait in $(seq 1 600); do [ -e /mnt/disk ] && break; sleep 0.1; done
[ -e /mnt/disk ] || { cat mount; exit 1; }
run tooling/kernel-oracle/src/side-by-side.guest.ts ${operations} raw device $raw driver device $driver \
  mount device /mnt/disk library library /dev/pmem$(region_of 3) >random || exit 1
for turn in $(seq 1 ${DD_TURNS}); do
  by_dd raw $raw
  by_dd driver $driver
  by_dd mount /mnt/disk
done
umount /mnt
wait $mount
exit 0
`
}

async function timesOf(job: string, operations: number): Promise<ContestantTimes[]> {
  const text = (file: string): Promise<string> => readFile(join(job, file), 'utf8')
  const random = await text('random')
  const timesByDd = async (kind: string, name: ContestantName): Promise<number | undefined> => {
    if (name === 'library') return undefined
    const seconds = secondsOfDd(await text(`dd-${kind}-${name}`)).toSorted((one, other) => one - other)
    return (1e6 * (seconds[seconds.length >> 1] ?? Number.NaN)) / operations
  }
  return Promise.all(
    [...CONTESTANTS.keys()].map(async (name) => {
      const [, writeNs, readNs] = new RegExp(`^${name} ([\\d.]+) ([\\d.]+)$`, 'm').exec(random) ?? []
      return {
        name,
        randomWriteUs: Number(writeNs) / 1000,
        randomReadUs: Number(readNs) / 1000,
        ddWriteUs: await timesByDd('write', name),
        ddReadUs: await timesByDd('read', name),
      }
    }),
  )
}

/**
 * Measures all contestants in one boot of one guest.
 *
 * @throws {Error} where the guest cannot be had, or one of them fails
 */
export async function compareSideBySide(options: SideBySideOptions): Promise<ContestantTimes[]> {
  const { kernel, folder, operations, limitMs } = options
  const pathOf = (name: ContestantName): string => join(folder, `${name}.img`)
  const names: readonly ContestantName[] = ['raw', 'driver', 'mount', 'library']
  const stack = createStack()
  await stack.createImage(pathOf('driver'), { sizeBytes: IMAGE_BYTES })
  for (const name of ['mount', 'library'] as const)
    await stack.createImage(pathOf(name), { sizeBytes: IMAGE_BYTES, parentUuid: FOREIGN_PARENT })
  await (
    await stack.openProvider(`file:${pathOf('raw')}`, { readOnly: false, createSizeBytes: IMAGE_BYTES })
  ).close()
  const times: ContestantTimes[] = []
  const report = await bootKernel(
    {
      kernel,
      nvdimms: names.map((name) => ({ path: pathOf(name) })),
      hasNode: true,
      folders: { repository: REPOSITORY },
      script: script(operations),
      limitMs,
    },
    async (job) => {
      // Where a contestant failed there are none, and the status says so.
      times.push(...(await timesOf(job, operations).catch(() => [])))
    },
  )
  if (report.status !== 0) throw new Error(`the guest's script ended with ${report.status}: ${report.output}`)
  return times
}
