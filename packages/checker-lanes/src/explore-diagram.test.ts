import { expect, test } from 'vitest'
import { formatDiagram } from './explore-diagram.ts'
import { replay } from './explore-replay.ts'
import { wordScenario } from './explore-toy.test-support.ts'

const scenario = wordScenario([
  [
    { kind: 'read', word: 0 },
    { kind: 'write', word: 12 },
  ],
  [{ kind: 'write', word: 0 }],
])
const { steps } = replay(scenario, 'A2 B2 A')

test('a diagram has a column a task and a row a step', () => {
  expect(formatDiagram(steps).split('\n')).toEqual([
    '   │ A task 0          │ B task 1',
    ' 1 │ ·                 │',
    ' 2 │ read provider 0   │',
    ' 3 │                   │ ·',
    ' 4 │                   │ write provider 0',
    ' 5 │ write provider 12 │',
  ])
})

test('the guilty step is marked, and the problem stands below', () => {
  const lines = formatDiagram(steps, { guiltyStep: 4, problem: 'it is wrong' }).split('\n')
  expect(lines[4]).toBe('>4 │                   │ write provider 0')
  expect(lines.slice(-2)).toEqual(['> after step 4 it goes wrong, however it goes on', 'it is wrong'])
})

test('what came after the last step is a marked row of its own', () => {
  const lines = formatDiagram(steps, { end: 'the power fails', problem: 'it is wrong' }).split('\n')
  expect(lines.slice(-2)).toEqual(['>  │ the power fails', 'it is wrong'])
  expect(lines.filter((line) => line.startsWith('>')).length).toBe(1)
})

test('what is not worth a word is left out', () => {
  const describe = ({ kind, start }: { kind: string; start: number }) =>
    kind === 'read' ? undefined : `${kind}s ${start}`
  expect(formatDiagram(steps, { describe }).split('\n')).toEqual([
    '   │ A task 0  │ B task 1',
    ' 1 │ ·         │',
    ' 2 │ ·         │',
    ' 3 │           │ ·',
    ' 4 │           │ writes 0',
    ' 5 │ writes 12 │',
  ])
})
