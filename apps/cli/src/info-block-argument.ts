/** What the command line says of info blocks of which nothing survives. */
import { readFile, stat } from 'node:fs/promises'
import { isBttkitError, parseSize } from '@bttkit/interfaces'
import { CommandError, UsageError } from '@bttkit/command-line'
import { INFO_FIELDS, checkInfoByHand, type InfoByHand } from '@bttkit/salvage'
import { naming } from './naming.ts'

/** Nobody writes more than that by hand. */
const MOST_FILE_BYTES = 2 ** 20

const plain = (name: string): string => name.replaceAll(/[-_]/g, '').toLowerCase()
const FIELDS = new Map(INFO_FIELDS.map((field) => [plain(field), field]))

function pair(text: string): [field: string, value: number | string] {
  const at = text.indexOf('=')
  const [name, value] = [text.slice(0, Math.max(at, 0)).trim(), text.slice(at + 1).trim()]
  const field = FIELDS.get(plain(name))
  if (field === undefined)
    throw new UsageError(
      `--info-block has no value ${JSON.stringify(name)}: there are ${INFO_FIELDS.join(', ')}`,
    )
  if (field === 'uuid') return [field, value]
  const number = /^0x[0-9a-f]+$/i.test(value) ? Number(value) : parseSize(value)
  if (number === undefined)
    throw new UsageError(`--info-block ${name}: ${JSON.stringify(value)} is no number`)
  return [field, number]
}

function pairs(text: string): Readonly<Record<string, number | string>> {
  const all = text.split(',').map(pair)
  const twice = all.find(([field], index) => all.findIndex(([other]) => other === field) !== index)
  if (twice !== undefined) throw new UsageError(`--info-block says ${twice[0]} twice`)
  return Object.fromEntries(all)
}

async function fromFile(path: string): Promise<unknown> {
  return naming(path, async () => {
    const { size } = await stat(path)
    if (size > MOST_FILE_BYTES) throw new CommandError(`${path}: is too long for an info block`)
    const text = await readFile(path, 'utf8')
    try {
      const value: unknown = JSON.parse(text)
      return value
    } catch (cause) {
      throw new CommandError(`${path}: is no JSON`, { cause })
    }
  })
}

/**
 * The arenas that the values of `--info-block` tell of, in order: each is `NAME=VALUE,…` for one arena, or a file of JSON.
 *
 * @throws {UsageError} for values that cannot be; {CommandError} for a file that cannot be read
 */
export async function infoBlocksOf(texts: readonly string[]): Promise<readonly InfoByHand[]> {
  const arenas: InfoByHand[] = []
  for (const text of texts) {
    const value = text.includes('=') ? pairs(text) : await fromFile(text)
    try {
      arenas.push(...checkInfoByHand(value))
    } catch (error) {
      if (!isBttkitError(error)) throw error
      throw new UsageError(error.message, { cause: error })
    }
  }
  return arenas
}
