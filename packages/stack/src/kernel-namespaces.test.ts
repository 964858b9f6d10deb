/** NVDIMMs with several namespaces that Linux and ndctl made: we find what they have, read what they wrote, and change one namespace only. */
import { describe, expect, test } from 'vitest'
import { listNamespaces } from '@bttkit/btt'
import { namespaceImages } from '@bttkit/fixtures'
import { MemoryProvider } from '@bttkit/pmem-memory'
import { runAtomic } from '@bttkit/sleepable'
import { createStack } from './stack.ts'

const stack = createStack()
const images = namespaceImages()

test('there is an image for each version of labels', () => {
  expect(images.map(({ manifest }) => manifest.labelVersion)).toEqual(['1.1', '1.2'])
})

describe.each(images)('$name', (image) => {
  const { namespaces, labelVersion, writtenBytes } = image.manifest
  const disks = namespaces.filter(({ disk }) => disk !== undefined)

  test('the namespaces are those that the kernel has', () => {
    const btt = labelVersion === '1.1' ? 'btt 1.1' : 'btt 2.0'
    expect(runAtomic(listNamespaces(new MemoryProvider({ bytes: image.bytes() })))).toMatchObject(
      namespaces.map(({ name, uuid, offset, size, mode }) => ({
        name,
        uuid,
        range: { offset, length: size },
        content: mode === 'safe' ? btt : 'raw',
        problems: [],
      })),
    )
  })

  test('each BTT has the size that the kernel says, and the content that it wrote', async () => {
    const bytes = image.bytes()
    for (const { name, disk } of disks) {
      const device = await stack.attachImage(new MemoryProvider({ bytes }), { namespace: name })
      const { sectorSize, sectorCount } = device
      expect({ sectorSize, sectors: sectorCount }).toEqual(disk)
      const content = new Uint8Array(writtenBytes)
      await device.read(0, content)
      await device.close()
      expect(Buffer.compare(content, image.writtenTo(name))).toBe(0)
    }
  })

  test('what is written to one of them changes nothing else', async () => {
    const [before, bytes] = [image.bytes(), image.bytes()]
    const { name, offset, size } = disks[1] ?? namespaces[0] ?? { name: '', offset: 0, size: 0 }
    const device = await stack.attachImage(new MemoryProvider({ bytes }), { namespace: name })
    await device.write(0, new Uint8Array(device.sectorSize).fill(7))
    await device.close()
    const isSame = (from: number, to: number): boolean =>
      Buffer.compare(before.subarray(from, to), bytes.subarray(from, to)) === 0
    expect([isSame(0, offset), isSame(offset, offset + size), isSame(offset + size, bytes.length)]).toEqual([
      true,
      false,
      true,
    ])
  })
})
