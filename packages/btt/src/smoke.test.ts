import { expect, test } from 'vitest'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { createHash } from 'node:crypto'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { LocalReadTracking, MutexLaneTable, MutexLocks } from '@bttkit/region-lanes'
import { runAtomic } from '@bttkit/sleepable'
import { BttEngine } from './engine.ts'
const engine = new BttEngine({ laneTable: (w, p) => new MutexLaneTable(w, p), lockTable: (w) => new MutexLocks(w, 'map-lock'), readTracking: (w) => new LocalReadTracking(w) })
const root = new URL('../../../fixtures/', import.meta.url)
for (const n of ['v11-512', 'v11-4096', 'v11-520', 'v20-4096', 'crash-512']) test(n, () => {
  const m = JSON.parse(readFileSync(new URL(`kernel-btt/${n}.json`, root), 'utf8'))
  const bytes = gunzipSync(readFileSync(new URL(`kernel-btt/${n}.img.gz`, root)))
  const d = runAtomic(engine.attach(new MemoryProvider({ bytes: new Uint8Array(bytes) }, n), { readOnly: true }))
  const out = new Uint8Array(d.sectorCount * d.sectorSize)
  d.atomic.read(0, out)
  expect(createHash('sha256').update(out).digest('hex')).toBe(m.logical.sha256)
  expect(d.info.state).toBe(n.startsWith('crash') ? 'needs-recovery' : 'clean')
})
test('speed', () => {
  for (const ss of [4096, 512]) {
  const p = new MemoryProvider({ size: 128 * 2 ** 20 }, 'mem')
  runAtomic(engine.create(p, { externalLbasize: ss }))
  const d = runAtomic(engine.attach(p))
  const buf = new Uint8Array(ss).fill(7)
  const N = 300000
  for (let round = 0; round < 3; round++) {
  let x = 12345
  let t = process.hrtime.bigint()
  for (let i = 0; i < N; i++) { x = (Math.imul(x, 1103515245) + 12345) >>> 0; d.atomic.write(x % d.sectorCount, buf) }
  const w = Number(process.hrtime.bigint() - t) / N
  t = process.hrtime.bigint()
  for (let i = 0; i < N; i++) { x = (Math.imul(x, 1103515245) + 12345) >>> 0; d.atomic.read(x % d.sectorCount, buf) }
  console.log(ss, 'write ns', w, 'read ns', Number(process.hrtime.bigint() - t) / N)
  }}
})
