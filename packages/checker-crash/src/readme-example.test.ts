import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkHastyStorage } from './readme-example.test-support.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const source = readFileSync(new URL('readme-example.test-support.ts', import.meta.url), 'utf8')

test('the README shows the example as it is', () => {
  expect(readme).toContain(`\`\`\`ts\n${source}\`\`\``)
})

test('the README shows the diagram and the file that it makes', async () => {
  const found = await checkHastyStorage()
  if (typeof found === 'string') throw new Error(found)
  expect(readme).toContain(`\`\`\`text\n${found.diagram}\n\`\`\``)
  expect(readme).toContain(`\`\`\`json\n${found.file}\`\`\``)
})
