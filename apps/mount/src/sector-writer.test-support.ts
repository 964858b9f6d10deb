/**
 * Writes sectors until it is stopped or fails. Says on its standard output, a line each, which sector gets which generation: `begin LBA GENERATION` before
 * the write, `done LBA GENERATION` after it returned.
 *
 * With `syncEvery` it says `synced` after each fsync: what was done before is durable.
 *
 * Arguments: file, sector size, sectors, seed, and after how many writes to sync; default: never.
 */
import { fsyncSync, openSync, writeSync } from 'node:fs'

const [path = '', size = '', count = '', seed = '', syncEvery = 'Infinity'] = process.argv.slice(2)
const sectorSize = Number(size)
const fd = openSync(path, 'r+')
const generations = new Uint32Array(Number(count))
const sector = new Uint32Array(sectorSize / 4)
let state = Number(seed)

for (let writes = 1; ; writes++) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  const lba = state % generations.length
  const generation = ((generations[lba] ?? 0) + 1) >>> 0
  generations[lba] = generation
  for (let i = 0; i < sector.length; i += 2) {
    sector[i] = lba
    sector[i + 1] = generation
  }
  writeSync(1, `begin ${lba} ${generation}\n`)
  try {
    writeSync(fd, new Uint8Array(sector.buffer), 0, sectorSize, lba * sectorSize)
    writeSync(1, `done ${lba} ${generation}\n`)
    if (writes % Number(syncEvery) === 0) {
      fsyncSync(fd)
      writeSync(1, 'synced\n')
    }
  } catch {
    // The disk is gone: so is our work.
    break
  }
}
