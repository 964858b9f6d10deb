import { afterEach, describe, expect, test } from 'vitest'
import { ClosedError, CommitFailedError } from '@bttkit/interfaces'
import { HeldDevice, SECTOR_SIZE, fill, settle } from './held-device.test-support.ts'
import { WriteBackDevice, type WriteBackOptions } from './index.ts'

/** What a sector with its metadata takes of the memory. */
const SECTOR_BYTES = SECTOR_SIZE + 8 + 128

const opened: { inner: HeldDevice; device: WriteBackDevice }[] = []

function open(options: WriteBackOptions = {}): { inner: HeldDevice; device: WriteBackDevice } {
  const inner = new HeldDevice({ sectorCount: 512 })
  const device = new WriteBackDevice(inner, options)
  opened.push({ inner, device })
  return { inner, device }
}

afterEach(async () => {
  for (const { inner, device } of opened.splice(0)) {
    inner.isHeld = () => false
    await inner.letGo()
    await device.close().catch(() => undefined)
  }
})

/** Whether a promise is settled by now. */
async function isOver(promise: Promise<unknown>): Promise<boolean> {
  let over = false
  const note = (): void => void (over = true)
  promise.then(note, note)
  await settle()
  return over
}

const readByte = async (device: WriteBackDevice, lba: number): Promise<number | undefined> => {
  const target = fill(0xcc)
  await device.read(lba, target)
  return target[0]
}

const isWrite = (call: string): boolean => call.startsWith('write')

describe('a flush', () => {
  test('is over when what was written before is on the device, and the device has flushed', async () => {
    const { inner, device } = open()
    inner.isHeld = () => true
    await device.write(3, fill(1))
    const flush = device.flush()
    expect(await isOver(flush)).toBe(false)
    await inner.letGo()
    expect(inner.calls).toEqual(['write 3+1', 'flush'])
    expect(await isOver(flush)).toBe(false)
    await inner.letGo()
    await flush
  })

  test('commits pieces side by side, some 128 sectors at once', async () => {
    const { inner, device } = open()
    inner.isHeld = isWrite
    for (let lba = 0; lba < 200; lba += 2) await device.write(lba, fill(1))
    await device.write(300, fill(1, 100))
    const flush = device.flush()
    await settle()
    expect(inner.heldCount).toBe(101)
    inner.isHeld = () => false
    await inner.letGo()
    await flush
    expect(inner.calls.filter(isWrite)).toHaveLength(104)
  })

  test('does not wait for what is written after it began, which the next one commits', async () => {
    const { inner, device } = open()
    inner.isHeld = isWrite
    await device.write(3, fill(1))
    const flush = device.flush()
    await settle()
    await device.write(4, fill(2))
    await inner.letGo()
    await flush
    expect(inner.calls).toEqual(['write 3+1', 'flush'])
    inner.isHeld = () => false
    await device.flush()
    expect(inner.byteOf(4)).toBe(2)
  })

  test('that begins during a commit waits for it also where nothing else is gathered', async () => {
    const { inner, device } = open()
    inner.isHeld = isWrite
    await device.write(3, fill(1))
    const flushes = [device.flush(), device.flush()]
    await settle()
    expect(await isOver(flushes[1] ?? Promise.resolve())).toBe(false)
    await inner.letGo()
    await Promise.all(flushes)
    expect(inner.calls).toEqual(['write 3+1', 'flush', 'flush'])
  })

  test('shares the next commit with others that wait for the one under way', async () => {
    const { inner, device } = open()
    inner.isHeld = isWrite
    await device.write(3, fill(1))
    const first = device.flush()
    await settle()
    await device.write(4, fill(2))
    const second = device.flush()
    await device.write(5, fill(3))
    const third = device.flush()
    await settle()
    await inner.letGo()
    await first
    inner.isHeld = () => false
    await inner.letGo()
    await Promise.all([second, third])
    expect(inner.calls.filter(isWrite)).toEqual(['write 3+1', 'write 4+2'])
  })
})

describe('content that comes while its sector is committed', () => {
  test('is read at once, and committed by the next commit, after the one under way', async () => {
    const { inner, device } = open()
    inner.isHeld = isWrite
    await device.write(3, fill(1))
    const first = device.flush()
    await settle()
    await device.write(3, fill(2))
    const second = device.flush()
    await settle()
    expect(inner.calls).toEqual(['write 3+1'])
    expect(await readByte(device, 3)).toBe(2)
    await inner.letGo()
    await first
    expect(inner.byteOf(3)).toBe(1)
    expect(await readByte(device, 3)).toBe(2)
    await inner.letGo()
    await second
    expect(inner.byteOf(3)).toBe(2)
  })

  test('may be a part of the sector, over what is being committed', async () => {
    const { inner, device } = open()
    inner.isHeld = isWrite
    await device.write(3, fill(1))
    const flush = device.flush()
    await settle()
    await device.writeBytes(3 * SECTOR_SIZE, Uint8Array.of(7))
    await inner.letGo()
    await flush
    inner.isHeld = () => false
    await device.flush()
    const target = fill(0)
    await device.read(3, target)
    expect([target[0], target[1], target[511]]).toEqual([7, 1, 1])
  })
})

test('a part that is written over a sector of the device does not take back what others wrote, and committed, while it was read', async () => {
  const { inner, device } = open()
  inner.isHeld = (call) => call === 'read 3+1'
  const partial = device.writeBytes(3 * SECTOR_SIZE, Uint8Array.of(7))
  await settle()
  inner.isHeld = () => false
  await device.write(3, fill(1))
  await device.flush()
  await inner.letGo()
  await partial
  const target = fill(0)
  await device.read(3, target)
  expect([target[0], target[1]]).toEqual([7, 1])
})

describe('memory', () => {
  test('that is taken makes a writer wait until a commit is over', async () => {
    const { inner, device } = open({ limitBytes: 4 * SECTOR_BYTES })
    inner.isHeld = isWrite
    await device.write(0, fill(1, 4), new Uint8Array(32))
    const writer = device.write(10, fill(2), new Uint8Array(8))
    expect(await isOver(writer)).toBe(false)
    expect(inner.calls).toEqual(['write 0+4'])
    await inner.letGo()
    await writer
    expect(await readByte(device, 10)).toBe(2)
  })

  test('is found for a request that is larger than all of it, a part after the other', async () => {
    const { inner, device } = open({ limitBytes: 4 * SECTOR_BYTES })
    await device.write(0, fill(1, 15), new Uint8Array(15 * 8))
    const committed = Array.from({ length: 15 }, (_, lba) => inner.byteOf(lba)).filter((byte) => byte === 1)
    expect(committed.length).toBeGreaterThanOrEqual(11)
  })

  test('always has room for one sector', async () => {
    const { inner, device } = open({ limitBytes: 1 })
    await device.write(0, fill(1, 3))
    expect(inner.calls).toEqual(['write 0+1', 'write 1+1'])
    expect(await readByte(device, 2)).toBe(1)
  })

  test('is taken by zeros as well, so that zeroing all of a device is bounded', async () => {
    const { inner, device } = open({ limitBytes: 128 * 20 })
    await device.zero(0, 70)
    expect(inner.calls).toEqual(['zero 0+20', 'zero 20+20', 'zero 40+20'])
  })

  test('needs none for content in place of other content', async () => {
    const { inner, device } = open({ limitBytes: SECTOR_BYTES })
    for (let byte = 0; byte < 5; byte++) await device.write(7, fill(byte), new Uint8Array(8))
    await device.writeBytes(7 * SECTOR_SIZE, Uint8Array.of(9))
    expect(inner.calls).toEqual([])
  })
})

describe('a commit that fails', () => {
  const failingAt = (part: string) => (call: string) =>
    call.startsWith(part) ? new Error('the disk') : undefined

  test('fails the flush, keeps what was not committed, and is tried again by the next flush', async () => {
    const { inner, device } = open()
    inner.failure = failingAt('write 3')
    await device.write(3, fill(1))
    await device.write(10, fill(2))
    const failure: unknown = await device.flush().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(CommitFailedError)
    expect(failure).toMatchObject({ code: 'BTT_COMMIT_FAILED', errno: 'EIO' })
    expect(String(failure)).toContain('held: 1 sectors could not be made durable: Error: the disk')
    expect(inner.byteOf(10)).toBe(2)
    expect(await readByte(device, 3)).toBe(1)
    await expect(device.flush()).rejects.toThrow(CommitFailedError)
    expect(inner.calls).not.toContain('flush')
    inner.failure = () => undefined
    await device.flush()
    expect(inner.byteOf(3)).toBe(1)
  })

  test('refuses further writes until a flush has succeeded', async () => {
    const { inner, device } = open()
    inner.failure = failingAt('write')
    await device.write(3, fill(1))
    await device.flush().catch(() => undefined)
    await expect(device.write(4, fill(1))).rejects.toThrow(CommitFailedError)
    await expect(device.zero(4, 1)).rejects.toThrow(CommitFailedError)
    inner.failure = () => undefined
    await device.flush()
    await device.write(4, fill(1))
  })

  test('does not take the place of what was written to its sector meanwhile', async () => {
    const { inner, device } = open()
    inner.isHeld = isWrite
    inner.failure = failingAt('write')
    await device.write(3, fill(1))
    const flush = device.flush()
    await settle()
    await device.write(3, fill(2))
    await Promise.all([expect(flush).rejects.toThrow(CommitFailedError), inner.letGo()])
    expect(await readByte(device, 3)).toBe(2)
    inner.isHeld = () => false
    inner.failure = () => undefined
    await device.flush()
    expect(inner.byteOf(3)).toBe(2)
  })

  test('fails the writer that needs its room', async () => {
    const { inner, device } = open({ limitBytes: 2 * SECTOR_BYTES })
    inner.failure = failingAt('write')
    await device.write(0, fill(1, 2), new Uint8Array(16))
    await expect(device.write(5, fill(1))).rejects.toThrow(CommitFailedError)
    expect(await readByte(device, 0)).toBe(1)
  })
})

describe('closing', () => {
  test('commits, closes the device, and ends its use', async () => {
    const { inner, device } = open()
    await device.write(3, fill(1))
    await device.close()
    expect(inner.calls).toEqual(['write 3+1', 'close'])
    await expect(device.write(3, fill(1))).rejects.toThrow(ClosedError)
    await expect(device.flush()).rejects.toThrow(ClosedError)
    await device.close()
    expect(inner.calls).toEqual(['write 3+1', 'close'])
  })

  test('waits for what is under way', async () => {
    const { inner, device } = open()
    inner.isHeld = isWrite
    await device.write(3, fill(1))
    const flush = device.flush()
    await settle()
    const close = device.close()
    expect(await isOver(close)).toBe(false)
    await inner.letGo()
    await Promise.all([flush, close])
    expect(inner.calls).toEqual(['write 3+1', 'flush', 'close'])
  })

  test('says what could not be committed, and closes the device all the same', async () => {
    const { inner, device } = open()
    inner.failure = (call) => (isWrite(call) ? new Error('the disk') : undefined)
    await device.write(3, fill(1))
    await expect(device.close()).rejects.toThrow(CommitFailedError)
    expect(inner.calls).toEqual(['write 3+1', 'close'])
    await expect(device.flush()).rejects.toThrow(ClosedError)
  })
})
