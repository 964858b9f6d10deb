/** `btt salvage`, from the opening of the image to the last file. */
import { CommandError, describeError, withProgress, type CommonOptions } from '@bttkit/command-line'
import { salvage, type InfoByHand, type SalvageProgress, type SalvageReport } from '@bttkit/salvage'
import { runAsync } from '@bttkit/sleepable'
import { EVENT_LOOP_TURN } from './event-loop-turn.ts'
import { checkDirectory } from './salvage-directory.ts'
import { SalvageFiles } from './salvage-files.ts'
import { untilStopped } from './until-stopped.ts'
import { withReadableStorage, type ImageToOpen } from './with-image.ts'

export interface SalvageRequest {
  /** The directory to be filled. */
  readonly out: string
  readonly force: boolean
  readonly includeMetadata: boolean
  readonly infoBlocks: readonly InfoByHand[]
}

type Shown = Pick<CommonOptions, 'quiet' | 'progress' | 'json'>

/** Leaves what was got with a manifest that says that it is not all; what stopped the work is thrown. */
async function breakOff(files: SalvageFiles, error: unknown, signal: AbortSignal): Promise<never> {
  const reason = signal.aborted ? 'it was stopped' : describeError(error)
  if (!files.isOpen) throw signal.aborted ? new CommandError(reason, { cause: error }) : error
  try {
    await files.end(reason)
  } catch {
    // A full disk, most likely. Without its name the manifest claims nothing.
  }
  throw new CommandError(`${reason}; what was got until then is there`, { cause: error })
}

async function salvageInto(
  files: SalvageFiles,
  target: ImageToOpen,
  { includeMetadata, infoBlocks }: SalvageRequest,
  signal: AbortSignal,
  onProgress: (progress: SalvageProgress) => void,
): Promise<SalvageReport> {
  const { namespaceOffset } = target
  const options = { namespaceOffset, includeMetadata, infoBlocks, signal, onProgress, pause: EVENT_LOOP_TURN }
  try {
    const report = await withReadableStorage(target, (provider) =>
      runAsync(salvage(provider, files, options)),
    )
    await files.end(report)
    return report
  } catch (error) {
    return await breakOff(files, error, signal)
  } finally {
    await files.close()
  }
}

/** Salvages an image under its shared lock. The first signal to stop ends it with what there is. */
export async function salvageImage(
  target: ImageToOpen,
  request: SalvageRequest,
  options: Shown,
): Promise<SalvageReport> {
  await checkDirectory(target, request.out, request.force)
  let progress: SalvageProgress = { doneBytes: 0, totalBytes: 0 }
  const subject = {
    label: 'salvaging',
    get totalBytes() {
      return progress.totalBytes
    },
  }
  return untilStopped((signal) =>
    withProgress(options, subject, (bar) => {
      const onProgress = (now: SalvageProgress): void => {
        progress = now
        bar.update(now.doneBytes)
      }
      return salvageInto(new SalvageFiles(request.out, request.force), target, request, signal, onProgress)
    }),
  )
}
