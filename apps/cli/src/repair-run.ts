/** `btt check --repair` and `--undo-restore`, from the opening of the image to what is left to be said. */
import { ReadOnlyError, type PmemProvider } from '@bttkit/interfaces'
import {
  applyRepair,
  decodeUndo,
  encodeUndo,
  planRepair,
  restoreUndo,
  undoOf,
  type DuplicatePolicy,
  type RepairOptions,
  type RepairPlan,
} from '@bttkit/checker-image'
import { withProgress, type CommonOptions } from '@bttkit/command-line'
import { runAsync } from '@bttkit/sleepable'
import { checkStorage, type CheckedImage } from './check-run.ts'
import { readUndoFile, writeUndoFile } from './undo-path.ts'
import { withReadableStorage, withStorage, type ImageToOpen, type OpenedImage } from './with-image.ts'

/** What the command line says of a repair. */
export interface RepairFlags {
  readonly repair?: true
  readonly dryRun?: true
  readonly undo?: string
  readonly undoRestore?: string
  readonly duplicates?: DuplicatePolicy
  readonly rewriteLog?: true
  readonly resetUnknown?: true
  readonly rebuild?: true
}

/** A repair that is over, or that was only planned. */
export interface RepairedImage {
  readonly plan: RepairPlan
  readonly isDryRun: boolean
  /** The undo file that was written, if one was. */
  readonly undo: string | undefined
  /** What a check finds now. */
  readonly checked: CheckedImage
}

type Shown = Pick<CommonOptions, 'quiet' | 'progress' | 'json'>

function optionsOf(flags: RepairFlags, { namespaceOffset, label }: OpenedImage): RepairOptions {
  const { duplicates, rewriteLog, resetUnknown, rebuild } = flags
  return { namespaceOffset, namespaceUuid: label?.uuid, duplicates, rewriteLog, resetUnknown, rebuild }
}

async function planAndApply(
  provider: PmemProvider,
  target: OpenedImage,
  flags: RepairFlags,
): Promise<Pick<RepairedImage, 'plan' | 'undo'>> {
  if (provider.readOnly)
    throw new ReadOnlyError(
      { image: target.image },
      'the storage is open for reading only, so nothing can be repaired',
    )
  const plan = await runAsync(planRepair(provider, optionsOf(flags, target)))
  if (plan.stages.length === 0) return { plan, undo: undefined }
  if (flags.undo !== undefined)
    await writeUndoFile(flags.undo, encodeUndo(await runAsync(undoOf(provider, plan))))
  await runAsync(applyRepair(provider, plan))
  return { plan, undo: flags.undo }
}

/** Repairs an image under its exclusive lock, and checks it again. */
export function repairImage(
  target: ImageToOpen,
  flags: RepairFlags,
  options: Shown,
  listLimit: number,
): Promise<RepairedImage> {
  if (flags.dryRun === true) return planOnly(target, flags, options, listLimit)
  return withStorage(target, undefined, async (provider, opened) => {
    const done = await withProgress(options, { label: 'repairing' }, () =>
      planAndApply(provider, opened, flags),
    )
    return { ...done, isDryRun: false, checked: await checkStorage(provider, opened, options, listLimit) }
  })
}

function planOnly(
  target: ImageToOpen,
  flags: RepairFlags,
  options: Shown,
  listLimit: number,
): Promise<RepairedImage> {
  return withReadableStorage(target, async (provider, opened) => {
    const plan = await runAsync(planRepair(provider, optionsOf(flags, opened)))
    const checked = await checkStorage(provider, opened, options, listLimit)
    return { plan, isDryRun: true, undo: undefined, checked }
  })
}

/** Takes a repair back. @returns how many bytes were put back */
export async function undoRepair(target: ImageToOpen, path: string): Promise<number> {
  const undo = decodeUndo(await readUndoFile(path), path)
  return withStorage(target, undefined, (provider) => runAsync(restoreUndo(provider, undo)))
}
