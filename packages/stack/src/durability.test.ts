import { expect, test } from 'vitest'
import { MIB } from './recording-provider.test-support.ts'
import { newPath } from './scratch.test-support.ts'
import { createStack } from './stack.ts'

const stack = createStack()

async function newImage(): Promise<string> {
  const image = newPath()
  await stack.createImage(image, { sizeBytes: 17 * MIB })
  return image
}

const sector = (byte: number): Uint8Array => new Uint8Array(4096).fill(byte)

test('by default a write has been made when it is over', async () => {
  const device = await stack.openImage(await newImage())
  await device.write(7, sector(1))
  expect(device.statistics().writes).toBe(1)
  await device.close()
})

test('with durability flush, when a flush is; it is the same device otherwise', async () => {
  const image = await newImage()
  const device = await stack.openImage(image, { durability: 'flush' })
  const plain = { sectorSize: 4096, metadataSize: 0, readOnly: false, mayWait: true, info: { image } }
  expect(device).toMatchObject(plain)
  await device.write(7, sector(1))
  expect(device.statistics().writes).toBe(0)
  await device.flush()
  expect(device.statistics().writes).toBe(1)
  await device.write(8, sector(2))
  await device.close()
  const again = await stack.openImage(image)
  const read = new Uint8Array(8192)
  await again.read(7, read)
  expect([read[0], read[8191]]).toEqual([1, 2])
  await again.close()
})

test('the memory can be bounded', async () => {
  const device = await stack.openImage(await newImage(), {
    durability: 'flush',
    writeBack: { limitBytes: 10_000 },
    blocking: true,
  })
  for (let lba = 0; lba < 3; lba++) device.blocking.write(lba, sector(lba))
  expect(device.statistics().writes).toBeGreaterThan(0)
  device.blocking.close()
})

test('an image for reading gathers nothing', async () => {
  const device = await stack.openImage(await newImage(), { durability: 'flush', readOnly: true })
  await device.read(7, sector(0))
  expect(device.readOnly).toBe(true)
  await device.close()
})

test('it is for one thread: neither opened for several nor shared', async () => {
  const image = await newImage()
  await expect(stack.openImage(image, { durability: 'flush', threads: true })).rejects.toThrow(
    'for one thread',
  )
  const device = await stack.openImage(image, { durability: 'flush' })
  expect(() => stack.shareImage(device)).toThrow('the durability mode flush is for one thread')
  await device.close()
})

test('a mode that is none is refused before anything is opened', async () => {
  const durability: 'flush' = JSON.parse('"sometimes"')
  await expect(stack.openImage('/nowhere', { durability })).rejects.toThrow(
    "'write' or 'flush', not 'sometimes'",
  )
})
