import type { BlockDevice, Sleepable } from '@bttkit/interfaces'
import { runBlocking } from '@bttkit/sleepable'
import { expect, test } from 'vitest'
import { Findings } from './findings.ts'
import { planStress } from './stress-plan.ts'
import { noOperations } from './stress-operations.ts'
import { StressTask, type StressSurroundings } from './stress-task.ts'
import { StressWords } from './stress-words.ts'

const geometry = { sectorSize: 512, sectorCount: 100, metadataSize: 0, readOnly: false }

/** A task that only reads, on a device that fills what is read with these bytes. */
function reader(fill: (target: Uint8Array) => void): StressSurroundings & { task: StressTask } {
  const options = { seed: 1, tasks: 1, workers: 1, readers: 1, cpus: 1, operationLimit: 20 }
  const plan = planStress(geometry, 100, options)
  const words = new StressWords(plan)
  const refuse = (): never => expect.fail('it does more than read')
  const sleepable: BlockDevice['sleepable'] = {
    *read(_: number, target: Uint8Array): Sleepable<void> {
      fill(target)
    },
    write: refuse,
    zero: refuse,
    readBytes: refuse,
    writeBytes: refuse,
    zeroBytes: refuse,
    flush: refuse,
    close: refuse,
  }
  const findings = new Findings(words, 1)
  const surroundings = { device: { sleepable }, plan, words, findings, operations: noOperations() }
  return { ...surroundings, task: new StressTask(surroundings, 0, 0) }
}

test('sectors that nobody wrote hold zeros', () => {
  const { task, findings, operations } = reader((target) => target.fill(0))
  runBlocking(task.run())
  runBlocking(task.lastLook())
  expect([findings.mismatchCount, operations.reads, operations.bytesRead]).toEqual([0, 22, 12_800])
})

test('a read that brings nothing is found, although zeros were there before', () => {
  const { task, findings } = reader(() => undefined)
  runBlocking(task.run())
  expect(findings.mismatchCount).toBe(20)
  expect(findings.mismatches[0]).toMatchObject({ kind: 'torn', culprit: null, offset: 0, length: 512 })
})

test('a failure is counted under its code, and the task goes on', () => {
  const { task, findings, words } = reader(() => {
    throw new RangeError('no')
  })
  runBlocking(task.run())
  runBlocking(task.lastLook())
  expect(findings.failures).toEqual([{ code: 'RangeError', count: 21, message: 'no' }])
  expect([words.operations, findings.mismatchCount]).toEqual([20, 0])
})

test('a run ends when it has found enough', () => {
  const { plan, task, findings, words } = reader(() => {
    throw new RangeError('no')
  })
  for (let i = 1; i < plan.enoughFindings; i++) findings.failureOf('X', 'x')
  runBlocking(task.run())
  expect(words.operations).toBe(1)
})
