import { MUTANTS_OF_THE_CACHE } from './mutants/of-the-cache.ts'
import { PATCHED_MUTANTS } from './mutants/patched-mutants.ts'
import { killMutant } from './kill-matrix.ts'
import { CHECKS } from './checks/checks.ts'
import { readFileSync } from 'node:fs'
for (const { name, patch } of PATCHED_MUTANTS) for (const p of [patch].flat()) { const n = readFileSync('/work/wt/mapcache/' + p.file, 'utf8').split(p.find).length - 1; if (n !== 1) console.log('PATCH', name, n) }
const only = process.argv.slice(2)
const names = CHECKS.map((c) => c.name).filter((n) => n.includes('cached') || n.includes('share words'))
for (const m of MUTANTS_OF_THE_CACHE) { if (only.length > 0 && !only.includes(m.name)) continue; const k = await killMutant(m, names); console.log(m.name, '<-', k.killer?.check, k.killer?.problem?.slice(0, 150), k.killer?.steps, k.ms | 0) }
