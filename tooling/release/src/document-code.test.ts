import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const example = `${root}examples/custom-provider/`
const document = readFileSync(`${root}docs/writing-a-provider.md`, 'utf8')

const blocks = [...document.matchAll(/^```ts\n\/\/ (src\/.+)\n([^]*?)^```$/gm)].map(
  ([, file = '', code = '']) => ({ file, code }),
)

test('each block of code in the document names its file', () => {
  expect(blocks.length).toBeGreaterThan(5)
  expect(document.match(/^```ts$/gm)).toHaveLength(blocks.length)
})

/** The document has parts of files, and indents them as it likes. */
const inOneLine = (code: string): string => code.replaceAll(/\s+/g, ' ').trim()

test.each(blocks)('$file has the code of the document', ({ file, code }) => {
  expect(inOneLine(readFileSync(example + file, 'utf8'))).toContain(inOneLine(code))
})

test('the README of the example names each of its source files, and no other', () => {
  const readme = readFileSync(`${example}README.md`, 'utf8')
  const named = [...readme.matchAll(/^\| `(.+\.ts)`/gm)].map(([, file]) => file)
  const files = readdirSync(`${example}src`).filter((file) => !/\.test(-support)?\.ts$/.test(file))
  expect(new Set(named)).toEqual(new Set(files))
})
