import { existsSync, rmSync, statSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { isBttkitError, type BttInfo, type PmemProvider } from '@bttkit/interfaces'
import { inspect } from '@bttkit/btt'
import { KERNEL_LBASIZES, isUuid } from '@bttkit/btt-format'
import {
  CommandError,
  commonOptions,
  countArgument,
  declareOperands,
  formatSize,
  sizeArgument,
  takeOperands,
  withProgress,
  writeJson,
  writeOutput,
} from '@bttkit/command-line'
import { runAsync } from '@bttkit/sleepable'
import { removeWhenInterrupted } from '../interrupted-file.ts'
import { pathOf } from '../same-file.ts'
import { imageOf, withStorage, type ImageToOpen, type OpenedImage } from '../with-image.ts'

interface CreateFlags {
  readonly size?: number
  readonly sectorSize: number
  readonly bttVersion?: '1.1' | '2.0'
  readonly uuid?: string
  readonly parentUuid?: string
  readonly nfree?: number
  readonly force?: true
}

const SECTOR_SIZES = KERNEL_LBASIZES.join(', ')

const HELP = `
The sector size is 512 or 4096 bytes; what is more is metadata of each sector (T10-PI or another payload).
A file that does not exist is made, with --size; what exists keeps its size. What holds something already is refused without --force; with it,
the first 4096 bytes are overwritten too, where a partition table or file system would go on to claim the storage.

Examples:
  btt create disk.img --size 64MiB
  btt create disk.img --size 1GiB --sector-size 512 --btt-version 2.0
  btt create /dev/pmem0 --force`

function sectorSizeArgument(text: string): number {
  const size = sizeArgument(text)
  if (!KERNEL_LBASIZES.includes(size)) throw new InvalidArgumentError(`It is one of ${SECTOR_SIZES}.`)
  return size
}

function uuidArgument(text: string): string {
  if (!isUuid(text))
    throw new InvalidArgumentError('A UUID is 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.')
  return text
}

/** What can be said better here, where it is known what the command offers. */
function explain(error: unknown, { image }: ImageToOpen, flags: CreateFlags): unknown {
  if (!isBttkitError(error)) return error
  if (error.code === 'BTT_ALREADY_IN_USE')
    return new CommandError(`${error.message} (${error.errno}): use --force`, { cause: error })
  if (error.code === 'BTT_PROVIDER_OPEN' && error.errno === 'ENOENT' && flags.size === undefined) {
    return new CommandError(`${image}: does not exist (ENOENT); it is made when --size says how large`, {
      cause: error,
    })
  }
  return error
}

async function layOutBtt(
  provider: PmemProvider,
  { stack, namespaceOffset, label }: OpenedImage,
  flags: CreateFlags,
  command: Command,
): Promise<BttInfo> {
  const engine = stack.engine()
  const labelledVersion = label?.abstraction === 'btt 2.0' ? '2.0' : '1.1'
  await withProgress(commonOptions(command), { label: 'creating' }, async (progress) => {
    const create = engine.create(provider, {
      externalLbasize: flags.sectorSize,
      version: flags.bttVersion ?? labelledVersion,
      uuid: flags.uuid,
      parentUuid: flags.parentUuid ?? label?.uuid,
      nfree: flags.nfree,
      force: flags.force,
      namespaceOffset,
      onProgress: (doneBytes) => progress.update(doneBytes),
    })
    await runAsync(create)
  })
  return (await runAsync(inspect(provider, namespaceOffset))).info
}

/** Makes the BTT, and removes the file again that was made for it when that fails. */
async function createBtt(target: ImageToOpen, flags: CreateFlags, command: Command): Promise<BttInfo> {
  const path = pathOf(target)
  const existed = path === '' || existsSync(path)
  // A name that did not exist and now is a file of the right size was given to one that we made.
  const isOurs = (): boolean => !existed && statSync(path, { throwIfNoEntry: false })?.size === flags.size
  // Before there is anything: a signal may come as soon as the file is made.
  const forget = removeWhenInterrupted(path, isOurs)
  try {
    return await withStorage(target, flags.size, async (provider, opened) => {
      try {
        return await layOutBtt(provider, opened, flags, command)
      } catch (error) {
        if (isOurs()) rmSync(path, { force: true })
        throw error
      }
    })
  } finally {
    forget()
  }
}

function summary({ image, format, sectorCount, sectorSize, metadataSize, arenas }: BttInfo): string {
  const metadata = metadataSize === 0 ? '' : ` and ${metadataSize} of metadata`
  const inArenas = arenas.length === 1 ? '1 arena' : `${arenas.length} arenas`
  const bytes = sectorCount * sectorSize
  return (
    `${image}: BTT ${format.version}, ${sectorCount} sectors of ${sectorSize} bytes${metadata} in ${inArenas}\n` +
    `${bytes} bytes (${formatSize(bytes)}) are usable; uuid ${arenas[0]?.uuid ?? ''}\n`
  )
}

async function run(command: Command): Promise<void> {
  const flags = command.opts<CreateFlags>()
  const [image = ''] = takeOperands(command)
  const target = await imageOf(command, image)
  let info: BttInfo
  try {
    info = await createBtt(target, flags, command)
  } catch (error) {
    throw explain(error, target, flags)
  }
  const { json, quiet } = commonOptions(command)
  if (json) await writeJson(info)
  else if (!quiet) await writeOutput(summary(info))
}

/** `btt create`: lays out a BTT on a new file, or on storage that exists. */
export function createCommand(): Command {
  const command = new Command('create').description(
    'lay out a BTT on a new file, or on a file or device that exists',
  )
  return declareOperands(command, { IMAGE: 'file to be made, or file, block device or URL that exists' })
    .option('--size <size>', 'bytes of the file to be made', sizeArgument)
    .option(
      '--sector-size <size>',
      `bytes of a sector with its metadata: ${SECTOR_SIZES}`,
      sectorSizeArgument,
      4096,
    )
    .addOption(
      new Option(
        '--btt-version <version>',
        'version of the format (default: 1.1, or that of the label of a namespace)',
      ).choices(['1.1', '2.0']),
    )
    .option('--uuid <uuid>', 'UUID of the BTT (default: a random one)', uuidArgument)
    .option(
      '--parent-uuid <uuid>',
      'UUID of what contains the BTT (default: that of the namespace, or null)',
      uuidArgument,
    )
    .option(
      '--nfree <number>',
      'spare blocks an arena, and the most writes at once (default: 256)',
      countArgument,
    )
    .option('--force', 'overwrite whatever is there')
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
