/**
 * A process that opens and locks a file, says so, and keeps it until it is killed:
 *
 *     node --conditions=@bttkit/source lock-keeper.test-support.ts PATH shared|exclusive native|program
 */
import { FileProvider } from './file-provider.ts'
import { systemCalls } from './system-calls.ts'

const [path = '', mode, means] = process.argv.slice(2)
const system = means === 'program' ? { ...systemCalls, native: undefined } : systemCalls
const provider = FileProvider.open(path, { system })
provider.lock(mode === 'shared' ? 'shared' : 'exclusive')
process.stdout.write('locked\n')
process.stdin.resume()
