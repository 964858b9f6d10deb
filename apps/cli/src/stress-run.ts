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
import { runAsync } from '@bttkit/sleepable'
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
  readonly request: StressRequest
  readonly plan: StressPlan
  readonly words: StressWords
  readonly current: CurrentTask
}

async function runTasks(run: OpenRun, flogWatch: FlogWatch, options: StressSurroundings): Promise<TaskRun> {
  const { device, request, plan, words, current, stack } = run
  const { limitMs, workers } = request
  if (workers > 1) return stressWorkers(stack.shareImage(device), request, plan, words, options)
  const startedMs = performance.now()
  const thread = await stressOneThread(device, { plan, words, current, flogWatch, limitMs, ...options })
  return { threads: [thread], elapsedMs: performance.now() - startedMs }
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
  } catch (error) {
    return neverRan(failedResult(error), 'overwritten')
  }
  return { ...(await runTasks(run, flogWatch, options)), content: 'overwritten' }
}

async function stressDevice(run: OpenRun, options: StressSurroundings): Promise<ImageStressReport> {
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
  const restores = content === 'overwritten' && report.verdict === 'clean' && isSafe(lanes)
  if (restores) await window.restore()
  const sectors = {
    firstLba: plan.firstLba,
    count: windowSectors(plan),
    content: restores ? ('restored' as const) : content,
  }
  return { ...report, sectors }
}

/** As the engine chooses it where nobody does. */
function laneCountOf({ info }: BttDevice, { laneCount }: StressRequest): number {
  return laneCount ?? Math.min(256, ...info.arenas.map(({ nfree }) => nfree))
}

async function closeAfter(
  device: BttDevice,
  body: () => Promise<ImageStressReport>,
): Promise<ImageStressReport> {
  let report: ImageStressReport
  try {
    report = await body()
  } catch (error) {
    await device.close().catch(() => undefined)
    throw error
  }
  try {
    await device.close()
  } catch (error) {
    // What a broken image cannot do any more is no news.
    if (report.verdict === 'clean') throw error
  }
  return report
}

/**
 * Runs tasks on an image and says what came of it. Memory is formatted first; anything else must have a BTT.
 *
 * @throws errors of opening and attaching an image, and {TypeError} for numbers that do not go with it
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
  return closeAfter(device, () => {
    const plan = planStress(device, device.info.arenas[0]?.externalNlba ?? 0, request)
    return stressDevice({ ...opened, device, request, plan, words, current }, options)
  })
}
