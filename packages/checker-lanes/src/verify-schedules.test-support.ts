/**
 * All schedules of three tasks of one operation each, over the lanes for one thread and those for several: minutes, so it is a program and no test.
 *
 *     node --conditions=@bttkit/source packages/checker-lanes/src/verify-schedules.test-support.ts
 *
 * A line for each program; exit code 1 when one of them has a finding or did not end.
 */
import { explore } from './explore.ts'
import { deviceScenario, type DeviceOperation, type ExploredParts } from './explored-device.ts'
import { ExploredImage, SECTOR_BYTES } from './explored-image.ts'
import { partsWith, sectors, sharedParts } from './lane-scenarios.ts'

const LBA = 3

/** By name, with the number that its write shall fill with. */
const operations: Record<string, (fill: number) => DeviceOperation> = {
  write: (fill) => sectors('write', LBA, 1, fill),
  'write two': (fill) => sectors('write', LBA, 2, fill),
  'write a half': (fill) => ({ ...sectors('write', LBA, 1, fill), length: SECTOR_BYTES / 2 }),
  zero: () => sectors('zero', LBA),
  read: () => sectors('read', LBA),
  'write elsewhere': (fill) => sectors('write', 20, 1, fill),
}

interface Lanes {
  readonly name: string
  readonly laneCount: number
  makeParts(): ExploredParts
}

const mutex = (laneCount: number): Lanes => ({
  name: `mutex, ${laneCount} lanes`,
  laneCount,
  makeParts: () => partsWith('mutex'),
})

const everyLanes: readonly Lanes[] = [
  mutex(1),
  mutex(2),
  { name: 'shared, 2 lanes', laneCount: 2, makeParts: sharedParts },
]

/** All choices of `count` names, each as often as one likes, whatever their order. */
function* choices(names: readonly string[], count: number): Generator<string[]> {
  if (count === 0) yield []
  else
    for (const [index, name] of names.entries())
      for (const others of choices(names.slice(index), count - 1)) yield [name, ...others]
}

/** Explores one program and prints what came of it; false when that is not well. */
async function verify(image: ExploredImage, lanes: Lanes, names: readonly string[]): Promise<boolean> {
  const tasks = names.flatMap((name, index) => {
    const operation = operations[name]
    return operation === undefined ? [] : [[operation(index + 1)]]
  })
  const scenario = deviceScenario(image, { ...lanes, name: `${lanes.name}: ${names.join(', ')}`, tasks })
  const startMs = performance.now()
  const { executions, pruned, steps, isExhaustive, findings } = await explore(scenario)
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
  const figures = `${executions} executions, ${pruned} pruned, ${steps} steps, ${seconds} s`
  process.stdout.write(`${scenario.name}: ${figures}\n`)
  for (const { problem, schedule } of findings) process.stdout.write(`  ${problem}\n  ${schedule}\n`)
  if (!isExhaustive && findings.length === 0) process.stdout.write('  it did not end\n')
  return isExhaustive && findings.length === 0
}

const image = new ExploredImage()
let failures = 0
for (const lanes of everyLanes)
  for (const names of choices(Object.keys(operations), 3))
    if (!(await verify(image, lanes, names))) failures++
process.stdout.write(failures === 0 ? 'all schedules are right\n' : `${failures} programs are wrong\n`)
process.exitCode = failures === 0 ? 0 : 1
