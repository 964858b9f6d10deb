import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createStack, type Image } from '@bttkit/stack'
import { SEQUENCE, SMALL_WORK, scratchFolder } from './contestants.test-support.ts'
import { makeFilledImage } from './fill-image.ts'
import { OurDevice, type OurDeviceOptions } from './our-device.ts'

const stack = createStack()

async function device(options: Partial<OurDeviceOptions> = {}): Promise<OurDevice> {
  const ours = new OurDevice(stack, { name: 'ours', workload: SMALL_WORK, sequence: SEQUENCE, ...options })
  onTestFinished(() => ours.end())
  await ours.prepare()
  return ours
}

async function onFile(inner: (path: string) => Image): Promise<OurDevice> {
  const folder = scratchFolder()
  const [template, path] = [join(folder, 'template'), join(folder, 'image')]
  await makeFilledImage(stack, template, SMALL_WORK)
  return device({ storage: { template, path, image: inner(path) } })
}

test.each<[string, Partial<OurDeviceOptions>]>([
  ['one thread that blocks', {}],
  ['two threads', { workload: { ...SMALL_WORK, threads: 2 } }],
  ['promises side by side', { workload: { ...SMALL_WORK, depth: 4 }, isAsync: true }],
  ['reads', { workload: { ...SMALL_WORK, operation: 'read' } }],
  ['a thread that others could join', { isJoinable: true }],
])('in memory: %s', async (_, options) => {
  const ours = await device(options)
  const { elapsedMs, value } = await ours.run(64)
  expect(elapsedMs).toBeGreaterThan(0)
  // Nanoseconds a sector.
  expect(value).toBeCloseTo((elapsedMs * 1e6) / (64 * SMALL_WORK.unitSectors), 3)
  await ours.run(32)
  await expect(ours.verify()).resolves.toBeUndefined()
})

test('on a file, with another program looking at it afterwards', async () => {
  const ours = await onFile((path) => path)
  await ours.run(64)
  await expect(ours.verify()).resolves.toBeUndefined()
})

test('a thread that fails is a failure of the run', async () => {
  const parameters = { faults: 'write,error,stage=data,nth=20' }
  const ours = await onFile((inner) => ({ scheme: 'fault', parameters, inner }))
  await expect(ours.run(64)).rejects.toThrow('EIO')
})

test('an image that does not fit the work is refused', async () => {
  const folder = scratchFolder()
  const [template, path] = [join(folder, 'template'), join(folder, 'image')]
  await makeFilledImage(stack, template, { ...SMALL_WORK, sectorBytes: 4096 })
  await expect(device({ storage: { template, path, image: path } })).rejects.toThrow('does not fit the work')
})
