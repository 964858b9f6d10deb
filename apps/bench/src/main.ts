#!/usr/bin/env node
import { runProgram } from '@bttkit/command-line'
import { buildProgram } from './program.ts'

await runProgram(buildProgram(), process.argv.slice(2))
