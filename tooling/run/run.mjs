// Runs a program of the workspace from a clone: builds what is stale, then hands over. Its output, its exit code and its signals are the program's.
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

const programs = {
  start: 'apps/demo/dist/start.js',
  demo: 'apps/demo/dist/demo.js',
  btt: 'apps/cli/dist/main.js',
  'btt-mount': 'apps/mount/dist/main.js',
  'btt-bench': 'apps/bench/dist/main.js',
}

const [name = '', ...args] = process.argv.slice(2)
const program = programs[name]
if (program === undefined) {
  process.stderr.write(`run: there is no program "${name}"\n`)
  process.exit(2)
}

const build = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-b', root], {
  encoding: 'utf8',
})
if (build.status !== 0) {
  process.stderr.write(`${build.stdout ?? ''}${build.stderr ?? ''}run: the build failed\n`)
  process.exit(1)
}

const child = spawn(process.execPath, [`${root}${program}`, ...args], {
  cwd: process.env.INIT_CWD ?? process.cwd(),
  stdio: 'inherit',
})
// Whoever signals us means the program. A terminal signals both, so the program has to bear hearing it twice.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  process.stderr.write(`run: ${error.message}\n`)
  process.exitCode = 1
})
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signal === 'SIGINT' ? 2 : 15)
})
