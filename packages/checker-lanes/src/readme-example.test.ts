import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ExploredImage } from './explored-image.ts'
import { checkHastyLanes } from './readme-example.test-support.ts'
import { parseReplayFile, runReplayFile } from './replay-file.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const source = readFileSync(new URL('readme-example.test-support.ts', import.meta.url), 'utf8')

test('the README shows the example as it is', () => {
  expect(readme).toContain(`\`\`\`ts\n${source}\`\`\``)
})

test('the README shows the diagram that it prints', async () => {
  const found = await checkHastyLanes()
  if (typeof found === 'string') throw new Error(found)
  expect(readme).toContain(`\`\`\`text\n${found.diagram}\n\`\`\``)
})

test('its replay file asks for the lane table by name', async () => {
  const found = await checkHastyLanes()
  if (typeof found === 'string') throw new Error(found)
  const file = parseReplayFile(found.file)
  expect(file.program.lanes.table).toBe('hasty')
  expect(() => runReplayFile(new ExploredImage(), file)).toThrow('there is no lane table "hasty" here')
})
