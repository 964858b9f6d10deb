/** A program that starts a guest without an end, says the number of its process, and waits to be killed. */
import { startGuest } from './start-guest.ts'

const [, , kernel = ''] = process.argv
const guest = await startGuest({ kernel, script: 'while :; do :; done', limitMs: 60_000 })
process.stdout.write(`${guest.pid}\n`)
