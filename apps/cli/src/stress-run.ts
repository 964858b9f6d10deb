/** A stress run from the opening of an image to its report. */
import {
  FlogWatch,
  StressWords,
  checkBijection,
  failedResult,
  isBijection,
  makeStressReport,
  planStress,
  stressOneThread,
  windowSectors,
  type CurrentTask,
  type StressPlan,
  type StressReport,
  type ThreadResult,
} from '@bttkit/checker-lanes'
import type { BttDevice } from '@bttkit/interfaces'
import { CommandError, describeError, loadPlugins } from '@bttkit/command-line'
import { runAsync } from '@bttkit/sleepable'
import { createStack, type ImageShare, type Stack } from '@bttkit/stack'
import { isSafe, type StressRequest, type StressSurroundings } from './stress-request.ts'
import { openStressStack, type StressStack } from './stress-stack.ts'
import { StressWindow } from './stress-window.ts'
import { stressWorkers, type TaskRun } from './stress-workers.ts'

/** What became of the content of the sectors that a run used. */
type SectorContent =
  /** There was none. */
  | 'fresh'
  /** Nothing was written. */
  | 'untouched'
  | 'restored'
  /** They have what the run left there. */
  | 'overwritten'

/** What `--json` prints. */
export interface ImageStressReport extends StressReport {
  readonly sectors: { readonly firstLba: number; readonly count: number; readonly content: SectorContent }
}

interface OpenRun extends StressStack {
  readonly device: BttDevice
  /** For the workers, where there are several. */
  readonly share: ImageShare | undefined
  readonly request: StressRequest
  readonly plan: StressPlan
  readonly words: StressWords
  readonly current: CurrentTask
}

async function runTasks(run: OpenRun, flogWatch: FlogWatch, options: StressSurroundings): Promise<TaskRun> {
  const { device, request, plan, words, current, share } = run
  const { limitMs } = request
  if (share !== undefined) return stressWorkers(share, request, plan, words, options)
  const startedMs = performance.now()
  const thread = await stressOneThread(device, { plan, words, current, flogWatch, limitMs, ...options })
  return { threads: [thread], elapsedMs: performance.now() - startedMs }
}

/** Some storage is for one thread, which is found out before anything is written. @throws {CommandError} */
function shareWithWorkers(stack: Stack, device: BttDevice): ImageShare {
  try {
    return stack.shareImage(device)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`several workers cannot have this storage: ${reason}`, { cause })
  }
}

interface PreparedRun extends TaskRun {
  readonly content: SectorContent
}

function neverRan(failure: ThreadResult, content: SectorContent): PreparedRun {
  return { threads: [failure], elapsedMs: 0, content }
}

/** Nothing runs on an image that is damaged already. A lane table that cannot even clear the sectors has failed as it would in the run. */
async function clearAndRun(
  run: OpenRun,
  window: StressWindow,
  flogWatch: FlogWatch,
  options: StressSurroundings,
): Promise<PreparedRun> {
  if (run.isFresh) return { ...(await runTasks(run, flogWatch, options)), content: 'fresh' }
  if (!isBijection(await runAsync(checkBijection(run.provider(), run.device.info)))) {
    const reason = 'the image was not in order before the run, which did not begin'
    return neverRan(failedResult(reason, 'DAMAGED'), 'untouched')
  }
  await window.save()
  try {
    await window.clear()
    return { ...(await runTasks(run, flogWatch, options)), content: 'overwritten' }
  } catch (error) {
    return neverRan(failedResult(error), 'overwritten')
  }
}

/** A run that is over, and what it takes to put the content of its sectors back. */
interface EndedRun {
  readonly report: ImageStressReport
  readonly window: StressWindow
}

async function stressDevice(run: OpenRun, options: StressSurroundings): Promise<EndedRun> {
  const { device, request, plan, words } = run
  const { image, lanes, policy, preempt, preemptBeforeLock } = request
  const provider = run.provider()
  const window = new StressWindow(device, plan)
  const laneCount = laneCountOf(device, request)
  const flogWatch = new FlogWatch(provider, device.info, laneCount)
  const { threads, elapsedMs, content } = await clearAndRun(run, window, flogWatch, options)
  const report = makeStressReport({
    plan,
    setting: { image, lanes, policy, laneCount, preempt, preemptBeforeLock },
    elapsedMs,
    begun: words.operations,
    threads,
    statistics: device.statistics(),
    bijection: await runAsync(checkBijection(provider, device.info)),
    sequences: flogWatch.found,
  })
  const sectors = { firstLba: plan.firstLba, count: windowSectors(plan), content }
  const ended = { report: { ...report, sectors }, window }
  return report.verdict === 'clean' && mayRestore(request, ended) ? restoreWith(device, ended) : ended
}

/** Nothing is written through lanes that keep nobody apart, nor to an image whose blocks have several holders: it would only spread the damage. */
function mayRestore({ lanes }: StressRequest, { report }: EndedRun): boolean {
  const { sectors, bijection } = report
  return sectors.content === 'overwritten' && isSafe(lanes) && isBijection(bijection)
}

/** Puts the content back, and says in the report what came of it. */
async function restoreWith(device: BttDevice, { report, window }: EndedRun): Promise<EndedRun> {
  try {
    await window.restore(device)
  } catch {
    // There is another way: see `restoreByAttaching`.
    return { report, window }
  }
  return { report: { ...report, sectors: { ...report.sectors, content: 'restored' } }, window }
}

/**
 * Puts the content back by an attachment of its own, which recovers what the run left: after a failure the one of the run may take no writes. What
 * fails here is a failure in the report.
 */
async function restoreByAttaching(request: StressRequest, ended: EndedRun): Promise<EndedRun> {
  const { image, namespaceOffset, plugins } = request
  try {
    const stack = createStack(await loadPlugins(plugins))
    const device = await stack.openImage(image, { namespaceOffset })
    try {
      await ended.window.restore(device)
    } finally {
      await device.close()
    }
  } catch (error) {
    return withFailure(ended, 'RESTORE', `the content could not be put back: ${describeError(error)}`)
  }
  const { report, window } = ended
  return { report: { ...report, sectors: { ...report.sectors, content: 'restored' } }, window }
}

function withFailure({ report, window }: EndedRun, code: string, message: string): EndedRun {
  const verdict = report.verdict === 'clean' ? 'failed' : report.verdict
  const failures = [...report.failures, { code, count: 1, message }]
  return { report: { ...report, verdict, failures }, window }
}

/** As the engine chooses it where nobody does. */
function laneCountOf({ info }: BttDevice, { laneCount }: StressRequest): number {
  return laneCount ?? Math.min(256, ...info.arenas.map(({ nfree }) => nfree))
}

async function closeAfter(device: BttDevice, body: () => Promise<EndedRun>): Promise<EndedRun> {
  let ended: EndedRun
  try {
    ended = await body()
  } catch (error) {
    await device.close().catch(() => undefined)
    throw error
  }
  try {
    await device.close()
  } catch (error) {
    // What a broken image cannot do any more is no news.
    if (ended.report.verdict === 'clean') return withFailure(ended, 'CLOSE', describeError(error))
  }
  return ended
}

/**
 * Runs tasks on an image and says what came of it. Memory is formatted first; anything else must have a BTT.
 *
 * @throws errors of opening and attaching an image, {OutOfRangeError} for more tasks than it has sectors for, and {CommandError} for several workers
 * on storage that is for one
 */
export async function stressImage(
  request: StressRequest,
  options: StressSurroundings,
): Promise<ImageStressReport> {
  const { image, namespaceOffset, policy: lanePolicy, laneCount, workers } = request
  const words = new StressWords(request)
  const current: CurrentTask = { identity: undefined }
  const opened = await openStressStack(request, current, words)
  const device = await opened.stack.openImage(image, {
    namespaceOffset,
    lanePolicy,
    laneCount,
    measureLanes: true,
    allowUnsafeLanes: true,
    threads: workers > 1,
  })
  const ended = await closeAfter(device, async () => {
    const plan = planStress(device, device.info.arenas[0]?.externalNlba ?? 0, request)
    const share = workers > 1 ? shareWithWorkers(opened.stack, device) : undefined
    return stressDevice({ ...opened, device, share, request, plan, words, current }, options)
  })
  return (mayRestore(request, ended) ? await restoreByAttaching(request, ended) : ended).report
}
