import { Command } from 'commander'
import { secondsArgument, writeJson, writeOutput } from '@bttkit/command-line'
import { measureLaneCosts, type LaneCostReport } from '../lane-costs.ts'
import { machineText } from '../machine.ts'
import { textTable } from '../text-table.ts'

const HELP = `
Measured: nanoseconds of one acquire and release of a lane that is free and that nobody waits for, of 256 lanes, with a new hint each time. The
times include the loop around it, which checks every lane that it gets.

  mutex, shared        the lane table for the tasks of one thread, and the one for several threads
  static, first-idle   which lane a hint gives
  tryAcquire           tryAcquire, turnOf and release with the turn: what the engine does
  generator            the same with acquire, whose generator is stepped once by hand
  runAtomic            the same with acquire under runAtomic

The floor is the least that a lane for several threads takes on this machine: a bare compare-exchange each way on a word of a SharedArrayBuffer, and
with first-idle one atomic load more. It is measured in turn with the others, in the same thread. The mutex table has no atomics, so it may be below.

p10 is what a tenth of the rounds was not slower than: the figure of a quiet machine, nearly.`

const ns = (nanoseconds: number): string => nanoseconds.toFixed(1)

function costsText({ machine, tables }: LaneCostReport): string {
  const rows = tables.flatMap(({ table, policy, floor, forms }) => [
    [table, policy, 'floor', ns(floor.medianNs), ns(floor.p10Ns), '1.00'],
    ...forms.map(({ form, medianNs, p10Ns, ratioToFloor }) => [
      table,
      policy,
      form,
      ns(medianNs),
      ns(p10Ns),
      ratioToFloor.toFixed(2),
    ]),
  ])
  const head = ['table', 'policy', 'form', 'median ns', 'p10 ns', 'to floor']
  return `${machineText(machine)}${textTable([head, ...rows], 3)}`
}

async function run(command: Command): Promise<void> {
  const { json = false, seconds } = command.optsWithGlobals<{ json?: boolean; seconds: number }>()
  const report = await measureLaneCosts(seconds)
  await (json ? writeJson(report) : writeOutput(costsText(report)))
}

/** `btt-bench lanes`: what it costs to take a lane that nobody else wants. */
export function lanesCommand(): Command {
  const command = new Command('lanes').description('the cost of a lane that nobody else wants')
  return command
    .option('--seconds <seconds>', 'how long, for all tables together', secondsArgument, 5)
    .addHelpText('after', HELP)
    .action(async () => run(command))
}
