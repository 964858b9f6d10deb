import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createStack } from '@bttkit/stack'
import { providerPlugin } from './index.js'

const SIZE_BYTES = 32 * 2 ** 20

test('an image of compressed chunks is created, written, and read by a later opening', async (context) => {
  const scratch = mkdtempSync(join(tmpdir(), 'chunks-'))
  context.after(() => rmSync(scratch, { recursive: true }))
  const image = `chunks:${join(scratch, 'disk')}?chunk=16KiB&level=9`
  const stack = createStack({ plugins: [providerPlugin] })
  await stack.createImage(image, { sizeBytes: SIZE_BYTES, externalLbasize: 512 })

  const device = await stack.openImage(image)
  await device.write(7, new Uint8Array(512).fill(7))
  await device.close()

  const again = await stack.openImage(image, { readOnly: true })
  const sector = new Uint8Array(512)
  await again.read(7, sector)
  await again.close()
  assert.deepEqual(sector, new Uint8Array(512).fill(7))
})

for (const query of ['chunk=3000', 'chunk=2MiB', 'chunk=large', 'level=10', 'level=-1', 'size=1MiB']) {
  test(`a URL with ${query} is refused`, async () => {
    const stack = createStack({ plugins: [providerPlugin] })
    const opening = stack.openImage(`chunks:nowhere?${query}`)
    await assert.rejects(opening, { code: 'BTT_PROVIDER_URL' })
  })
}
