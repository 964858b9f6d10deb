import * as v from 'valibot'
import { CommandError } from '@bttkit/command-line'
import { runTool } from '../run-tool.ts'
import type { Operation } from '../workload/workload.ts'

export interface FioJob {
  /** The file that it reads or writes. */
  readonly path: string
  readonly sizeBytes: number
  readonly blockBytes: number
  readonly operation: Operation
  /** How many blocks, each another one. The same seed chooses the same ones in the same order. */
  readonly blocks: number
  readonly seed: number
  /** What is written, again and again, as a hexadecimal number of 32 bits. */
  readonly pattern: number
  /** The processor to run on. */
  readonly core: number
}

const statisticsSchema = v.object({
  total_ios: v.number(),
  iops: v.number(),
  lat_ns: v.object({ mean: v.number() }),
})
const outputSchema = v.object({
  jobs: v.tuple([v.object({ error: v.number(), read: statisticsSchema, write: statisticsSchema })]),
})

/** The bytes that fio makes of a pattern. */
export function patternBytes(pattern: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, pattern)
  return bytes
}

/**
 * One fio: psync, direct, one call at a time. Returns nanoseconds a block.
 *
 * @throws {CommandError} where fio fails, or did something else than it was to do
 */
export async function runFio(job: FioJob): Promise<number> {
  const { path, sizeBytes, blockBytes, operation, blocks, seed, pattern, core } = job
  const args = [
    '--name=bench',
    `--filename=${path.replaceAll(':', String.raw`\:`)}`,
    `--rw=rand${operation}`,
    `--bs=${blockBytes}`,
    `--size=${sizeBytes}`,
    `--number_ios=${blocks}`,
    `--randseed=${seed}`,
    `--buffer_pattern=0x${pattern.toString(16).padStart(8, '0')}`,
    '--ioengine=psync',
    '--direct=1',
    '--allow_file_create=0',
    '--output-format=json',
  ]
  const stdout = await runTool('taskset', ['-c', String(core), 'fio', ...args])
  const [{ error, [operation]: done }] = v.parse(outputSchema, JSON.parse(stdout)).jobs
  if (error !== 0 || done.total_ios !== blocks)
    throw new CommandError(`fio on ${path}: ${done.total_ios} of ${blocks} blocks, error ${error}`)
  // A run that is over in a millisecond has no rate.
  return done.iops > 0 ? 1e9 / done.iops : done.lat_ns.mean
}
