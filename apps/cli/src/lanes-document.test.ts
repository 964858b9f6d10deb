/** docs/lanes.md shows what `btt` prints. Each of its console blocks is run, and must print what stands there. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { btt } from './program.test-support.ts'

const DOCUMENT = new URL('../../../docs/lanes.md', import.meta.url)
/** A line of the document that stands for any number of lines. */
const LEFT_OUT = '⋮'

interface Shown {
  readonly command: string
  readonly output: string
}

function consoleBlocks(markdown: string): Shown[] {
  return [...markdown.matchAll(/^```console\n\$ (btt .*)\n([\s\S]*?)^```$/gm)].map(
    ([, command = '', output = '']) => ({ command, output }),
  )
}

/** The words of a command; those with special characters stand in single quotes. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
}

/** Times differ from run to run, and rates with them. */
function withoutTimes(text: string): string {
  return text.replaceAll(/\d+\.\d s/g, 'x s').replaceAll(/[\d.]+ [KM]iB\/s/g, 'x MiB/s')
}

/** What stands between the lines that stand for others; each piece must be there, in this order, beginning where a line begins. */
function expectPieces(actual: string, shown: string): void {
  let from = 0
  for (const piece of withoutTimes(shown).split(`${LEFT_OUT}\n`)) {
    const at = `\n${actual}`.indexOf(`\n${piece}`, from)
    expect(at, `is not in what btt prints:\n${piece}\nwhich is:\n${actual}`).toBeGreaterThanOrEqual(0)
    from = at + piece.length
  }
}

const blocks = consoleBlocks(readFileSync(DOCUMENT, 'utf8'))

test('the document has console blocks to be checked', () => {
  expect(blocks.length).toBeGreaterThanOrEqual(4)
})

test.each(blocks)('$command', async ({ command, output }) => {
  const [program, ...args] = wordsOf(command)
  expect(program).toBe('btt')
  const { stdout, stderr } = await btt(args)
  expectPieces(withoutTimes(stdout.toString() + stderr), output)
})
