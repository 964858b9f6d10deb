#!/usr/bin/env node
import { addCommonOptions, packageVersion, runProgram } from '@bttkit/command-line'
import { mountCommand } from './mount-command.ts'

const program = addCommonOptions(
  mountCommand('btt-mount'),
  packageVersion(new URL('../package.json', import.meta.url)),
)
await runProgram(program, process.argv.slice(2))
