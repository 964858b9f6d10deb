/** Disks by FUSE, each read and written by fio on one processor together with its server. */
import { accessSync, constants } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Contestant } from '../contestants/contestant.ts'
import { imageBytes } from '../contestants/fill-image.ts'
import { FuseDisk, type FuseDiskOptions } from '../contestants/fuse-disk.ts'
import { MOUNTED_FOLDER, emptyFile, sparseFile, type FuseRecipe } from '../contestants/fuse-server.ts'
import { verifyBijection } from '../contestants/verify-image.ts'
import type { Comparison, Goal } from '../measure/comparison.ts'
import { moduleArguments } from '../this-program.ts'
import type { Operation, Workload } from '../workload/workload.ts'
import type { BenchContext } from './bench-context.ts'
import { OPERATIONS, atLeast, sectorComparison, singleSectors, type Suite } from './suite.ts'

const SECTOR_BYTES = 4096
const LEAST_BLOCKS = 256
const OURS = 'btt-mount, DAX, libpmem'
const OURS_BY_FILE = 'btt-mount, a path'
const QEMU = 'qemu-storage-daemon, raw file'
const LIBFUSE = 'libfuse in C, memory'
const NBD = 'nbdkit and nbdfuse, memory'

/** The image lies in memory, as what the others serve does. */
const image = (folder: string): string => join(folder, 'image.btt')
const raw = (folder: string): string => join(folder, 'raw')

/** Whether a program is on the path. */
function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** By DAX the image counts as persistent memory, as in the suite `device`: lines are written back, and nothing is durable. */
function bttMount(
  context: BenchContext,
  workload: Workload,
  byDax: boolean,
): Pick<FuseDiskOptions, 'name' | 'recipe' | 'verifyRest'> {
  const name = byDax ? OURS : OURS_BY_FILE
  return {
    name,
    recipe: {
      ...MOUNTED_FOLDER,
      prepare: async (folder) => {
        await MOUNTED_FOLDER.prepare(folder)
        await context.stack.createImage(image(folder), { sizeBytes: imageBytes(workload) })
      },
      command: (folder) => [
        ...(byDax ? ['env', 'PMEM_IS_PMEM_FORCE=1'] : []),
        process.execPath,
        ...moduleArguments(
          'serve-mount',
          byDax ? `dax:${image(folder)}` : image(folder),
          MOUNTED_FOLDER.mountPoint(folder),
        ),
      ],
    },
    verifyRest: async (folder, verify) => {
      const { stack } = context
      const provider = await stack.openProvider(image(folder), { readOnly: true })
      try {
        const device = await stack.attachImage(provider, { readOnly: true })
        await verify(async (lba, target) => device.read(lba, target))
        await verifyBijection(name, provider, device.info)
      } finally {
        await provider.close()
      }
    },
  }
}

/** A comma ends a value there; two are one. */
const qemuValue = (path: string): string => path.replaceAll(',', ',,')

function qemuExport(sizeBytes: number): FuseRecipe {
  const disk = (folder: string): string => join(folder, 'disk')
  return {
    prepare: async (folder) => {
      await sparseFile(raw(folder), sizeBytes)
      await emptyFile(disk(folder))
    },
    command: (folder) => [
      'qemu-storage-daemon',
      '--blockdev',
      `driver=file,node-name=disk,filename=${qemuValue(raw(folder))}`,
      '--export',
      `type=fuse,id=export,node-name=disk,writable=on,mountpoint=${qemuValue(disk(folder))}`,
    ],
    disk,
    mountPoint: disk,
  }
}

const nbdFuse = (sizeBytes: number): FuseRecipe => ({
  ...MOUNTED_FOLDER,
  command: (folder) => [
    'nbdfuse',
    MOUNTED_FOLDER.disk(folder),
    '[',
    'nbdkit',
    '--exit-with-parent',
    'memory',
    String(sizeBytes),
    ']',
  ],
})

async function peers(
  context: BenchContext,
  sizeBytes: number,
): Promise<Pick<FuseDiskOptions, 'name' | 'kind' | 'recipe'>[]> {
  const found: Pick<FuseDiskOptions, 'name' | 'kind' | 'recipe'>[] = []
  if (isInstalled('qemu-storage-daemon'))
    found.push({ name: QEMU, kind: 'peer', recipe: qemuExport(sizeBytes) })
  else context.skip(QEMU, 'qemu-storage-daemon is not installed')
  if (isInstalled('nbdkit') && isInstalled('nbdfuse'))
    found.push({ name: NBD, kind: 'peer', recipe: nbdFuse(sizeBytes) })
  else context.skip(NBD, 'nbdkit or nbdfuse is not installed')
  const program = await context.programs.find('memory-file')
  if ('missing' in program) context.skip(LIBFUSE, program.missing)
  else {
    const command = (folder: string): readonly string[] => [
      program.path,
      MOUNTED_FOLDER.mountPoint(folder),
      String(sizeBytes),
    ]
    found.push({ name: LIBFUSE, kind: 'limit', recipe: { ...MOUNTED_FOLDER, command } })
  }
  return found
}

/** Why nothing can be mounted and measured here, or `undefined`. */
function whyNot(): string | undefined {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK)
  } catch {
    return '/dev/fuse cannot be opened'
  }
  const needed = process.geteuid?.() === 0 ? ['fio', 'taskset'] : ['fio', 'taskset', 'fusermount3']
  const missing = needed.find((program) => !isInstalled(program))
  return missing === undefined ? undefined : `${missing} is not installed`
}

const GOALS: Readonly<Record<Operation, readonly Goal[]>> = {
  write: [atLeast(1.8, OURS, QEMU), atLeast(0.75, OURS, LIBFUSE)],
  read: [atLeast(1.8, OURS, QEMU), atLeast(0.7, OURS, LIBFUSE)],
}

async function compareDisks(context: BenchContext, operation: Operation): Promise<Comparison | undefined> {
  const reason = whyNot()
  if (reason !== undefined) {
    context.skip('disks by FUSE', reason)
    return undefined
  }
  const sectors = ((context.isQuick ? 8 : 256) * 2 ** 20) / SECTOR_BYTES
  const workload = { ...singleSectors(context, operation, SECTOR_BYTES), sectors }
  const sizeBytes = sectors * SECTOR_BYTES
  const core = availableParallelism() - 1
  const { seed } = context
  const common = { workload, seed, core }
  const disks: Contestant[] = [true, false].map(
    (byDax) =>
      new FuseDisk({
        kind: 'ours',
        ...bttMount(context, workload, byDax),
        ...common,
        folder: context.freshPath(),
      }),
  )
  for (const peer of await peers(context, sizeBytes))
    disks.push(new FuseDisk({ ...peer, ...common, folder: context.freshPath() }))
  return sectorComparison({
    suite: 'fuse',
    name: `disk by FUSE, fio on its processor, ${SECTOR_BYTES} bytes, random ${operation}`,
    reference: QEMU,
    ratio: 'throughput',
    // To start fio takes longer than that.
    unitStep: LEAST_BLOCKS,
    mostUnits: sectors,
    contestants: disks,
    goals: GOALS[operation],
  })
}

export const fuseSuite: Suite = {
  name: 'fuse',
  description: 'disks by FUSE, read and written by fio',
  weight: 17,
  plan: (context) =>
    OPERATIONS.map((operation) => ({
      name: `random ${operation}`,
      make: () => compareDisks(context, operation),
    })),
}
