import { rmSync, statSync } from 'node:fs'
import { createStack } from '@bttkit/stack'
import { providerPlugin } from './index.js'

const image = 'chunks:program.chunks'

const stack = createStack({ plugins: [providerPlugin] })
await stack.createImage(image, { sizeBytes: 64 * 2 ** 20, externalLbasize: 4096 })

const device = await stack.openImage(image)
await device.write(7, new Uint8Array(4096).fill(7))
await device.close()

const { size } = statSync('program.chunks/log')
process.stdout.write(`64 MiB take ${size} bytes\n`)
rmSync('program.chunks', { recursive: true })
