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
import { runAsync } from '@bttkit/sleepable'
import {
  checkStorage,
  withMapProgress,
  type CheckSettings,
  type CheckedImage,
  type Shown,
} from './check-run.ts'
import { EVENT_LOOP_TURN } from './event-loop-turn.ts'
import { readUndoFile, writeUndoFile } from './undo-path.ts'
import { withReadableStorage, withStorage, type ImageToOpen } from './with-image.ts'

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

function optionsOf(flags: RepairFlags, { namespaceOffset }: ImageToOpen): RepairOptions {
  const { duplicates, rewriteLog, resetUnknown, rebuild } = flags
  return { namespaceOffset, duplicates, rewriteLog, resetUnknown, rebuild }
}

function plan(
  provider: PmemProvider,
  target: ImageToOpen,
  flags: RepairFlags,
  options: Shown,
): Promise<RepairPlan> {
  return withMapProgress(options, 'planning', (onProgress) =>
    runAsync(planRepair(provider, { ...optionsOf(flags, target), onProgress, pause: EVENT_LOOP_TURN })),
  )
}

function assertWritable(provider: PmemProvider, { image }: ImageToOpen): void {
  if (provider.readOnly)
    throw new ReadOnlyError({ image }, 'the storage is open for reading only, so nothing can be repaired')
}

/** @returns the undo file that was written, if one was */
async function apply(
  provider: PmemProvider,
  planned: RepairPlan,
  undo: string | undefined,
): Promise<string | undefined> {
  if (planned.stages.length === 0) return undefined
  if (undo !== undefined) await writeUndoFile(undo, encodeUndo(await runAsync(undoOf(provider, planned))))
  await runAsync(applyRepair(provider, planned))
  return undo
}

/** Repairs an image under its exclusive lock, and checks it again. */
export function repairImage(
  target: ImageToOpen,
  flags: RepairFlags,
  options: Shown,
  settings: CheckSettings,
): Promise<RepairedImage> {
  if (flags.dryRun === true) return planOnly(target, flags, options, settings)
  return withStorage(target, undefined, async (provider) => {
    assertWritable(provider, target)
    const planned = await plan(provider, target, flags, options)
    const undo = await apply(provider, planned, flags.undo)
    const checked = await checkStorage(provider, target, options, settings)
    return { plan: planned, undo, isDryRun: false, checked }
  })
}

function planOnly(
  target: ImageToOpen,
  flags: RepairFlags,
  options: Shown,
  settings: CheckSettings,
): Promise<RepairedImage> {
  return withReadableStorage(target, async (provider) => {
    const planned = await plan(provider, target, flags, options)
    const checked = await checkStorage(provider, target, options, settings)
    return { plan: planned, isDryRun: true, undo: undefined, checked }
  })
}

/** Takes a repair back. @returns how many bytes were put back */
export async function undoRepair(target: ImageToOpen, path: string): Promise<number> {
  const undo = decodeUndo(await readUndoFile(path), path)
  return withStorage(target, undefined, (provider) => runAsync(restoreUndo(provider, undo)))
}
