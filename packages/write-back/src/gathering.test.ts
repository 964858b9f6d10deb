import { afterEach, describe, expect, test } from 'vitest'
import { MisalignedRequestError, OutOfRangeError, ReadOnlyError } from '@bttkit/interfaces'
import { HeldDevice, SECTOR_SIZE, fill } from './held-device.test-support.ts'
import { WriteBackDevice } from './index.ts'

let inner = new HeldDevice()
let device = new WriteBackDevice(inner)

afterEach(async () => {
  await device.close()
  inner = new HeldDevice()
  device = new WriteBackDevice(inner)
})

const read = async (lba: number, sectors = 1): Promise<Uint8Array> => {
  const target = fill(0xcc, sectors)
  await device.read(lba, target)
  return target
}

describe('what is gathered', () => {
  test('does not touch the device before a flush', async () => {
    await device.write(3, fill(1, 2))
    await device.zero(7, 2)
    expect(inner.calls).toEqual([])
    await device.flush()
    expect(inner.calls).toEqual(['write 3+2', 'zero 7+2', 'flush'])
    expect(inner.byteOf(4)).toBe(1)
  })

  test('is read together with what the device has', async () => {
    inner.bytes.fill(9)
    await device.write(3, fill(1))
    await device.zero(5, 1)
    expect(await read(2, 5)).toEqual(Uint8Array.from([9, 1, 9, 0, 9].flatMap((byte) => [...fill(byte)])))
    expect(inner.calls).toEqual(['read bytes 1024+512', 'read bytes 2048+512', 'read bytes 3072+512'])
    const part = new Uint8Array(300)
    await device.readBytes(2 * SECTOR_SIZE + 400, part)
    expect([part[111], part[112]]).toEqual([9, 1])
  })

  test('is a copy: the buffer of the write may be used again', async () => {
    const buffer = Buffer.alloc(SECTOR_SIZE, 1)
    await device.write(3, buffer)
    buffer.fill(2)
    expect(await read(3)).toEqual(fill(1))
  })

  test('has the metadata of whole sectors, zeros where none came, and those of the device where a part was written', async () => {
    inner.bytes.fill(9)
    const metadata = new Uint8Array(8)
    const sector = fill(0)
    const metadataOf = async (lba: number): Promise<number[]> => {
      await device.read(lba, sector, metadata)
      return [...metadata]
    }
    await device.write(3, fill(1), metadata.fill(5))
    await device.write(4, fill(1))
    await device.writeBytes(5 * SECTOR_SIZE + 10, Uint8Array.of(1))
    const expected = [5, 0, 9, 9].map((byte) => Array.from({ length: 8 }, () => byte))
    expect([await metadataOf(3), await metadataOf(4), await metadataOf(5), await metadataOf(6)]).toEqual(
      expected,
    )
    await device.flush()
    expect(inner.calls.filter((call) => call.startsWith('write'))).toEqual(['write 3+3'])
    expect([await metadataOf(3), await metadataOf(4), await metadataOf(5), await metadataOf(6)]).toEqual(
      expected,
    )
  })

  test('keeps the rest of a sector of which a part is written or zeroed', async () => {
    inner.bytes.fill(9)
    await device.writeBytes(3 * SECTOR_SIZE + 100, fill(1).subarray(0, 50))
    await device.zeroBytes(3 * SECTOR_SIZE + 120, SECTOR_SIZE)
    const expected = fill(9, 2)
    expected.fill(1, 100, 120).fill(0, 120, 120 + SECTOR_SIZE)
    expect(await read(3, 2)).toEqual(expected)
    await device.flush()
    expect(inner.calls).not.toContain('zero 4+1')
    expect(await read(3, 2)).toEqual(expected)
  })

  test('is of a sector what was written last', async () => {
    await device.write(3, fill(1))
    await device.zero(3, 1)
    await device.write(3, fill(2))
    await device.flush()
    expect(inner.calls).toEqual(['write 3+1', 'flush'])
    expect(inner.byteOf(3)).toBe(2)
  })

  test('goes to the device by ascending sectors, neighbours in one call, 32 of data at most', async () => {
    for (const lba of [50, 3, 5, 4, 9]) await device.write(lba, fill(lba))
    await device.write(10, fill(1, 35))
    await device.zero(51, 13)
    await device.flush()
    expect(inner.calls).toEqual([
      'write 3+3',
      'write 9+32',
      'write 41+4',
      'write 50+1',
      'zero 51+13',
      'flush',
    ])
    expect([3, 4, 5, 9, 50].map((lba) => inner.byteOf(lba))).toEqual([3, 4, 5, 9, 50])
  })
})

describe('a request is refused before it is gathered', () => {
  test('that is not on the device, or is no whole number of sectors', async () => {
    await expect(device.write(64, fill(1))).rejects.toThrow(OutOfRangeError)
    await expect(device.read(-1, fill(1))).rejects.toThrow(OutOfRangeError)
    await expect(device.zero(0, Number.MAX_SAFE_INTEGER)).rejects.toThrow(OutOfRangeError)
    await expect(device.zeroBytes(0.5, 1)).rejects.toThrow(OutOfRangeError)
    await expect(device.writeBytes(64 * SECTOR_SIZE - 1, fill(1))).rejects.toThrow(OutOfRangeError)
    await expect(device.readBytes(Number.NaN, fill(1))).rejects.toThrow(OutOfRangeError)
    await expect(device.write(0, new Uint8Array(100))).rejects.toThrow(MisalignedRequestError)
    await expect(device.read(0, fill(0), new Uint8Array(7))).rejects.toThrow(MisalignedRequestError)
    expect(await read(0)).toEqual(fill(0))
  })

  test('that would change a device for reading', async () => {
    const readOnly = new WriteBackDevice(Object.assign(new HeldDevice(), { readOnly: true }))
    expect(readOnly.readOnly).toBe(true)
    await expect(readOnly.write(0, fill(1))).rejects.toThrow(ReadOnlyError)
    await expect(readOnly.zero(0, 1)).rejects.toThrow(ReadOnlyError)
    await expect(readOnly.writeBytes(0, fill(1))).rejects.toThrow(ReadOnlyError)
    await expect(readOnly.zeroBytes(0, 1)).rejects.toThrow(ReadOnlyError)
    await readOnly.read(0, fill(1))
  })

  test.each([
    { limitBytes: 0 },
    { limitBytes: 1.5 },
    { limitMs: 0 },
    { limitMs: 2 ** 31 },
    { limitMs: Number.NaN },
  ])('limits of %j are none', (limits) => {
    expect(() => new WriteBackDevice(new HeldDevice(), limits)).toThrow(TypeError)
  })
})

test('an operation of no bytes does nothing', async () => {
  await device.write(3, new Uint8Array(0))
  await device.zeroBytes(100, 0)
  await device.read(3, new Uint8Array(0))
  await device.flush()
  expect(inner.calls).toEqual(['flush'])
})

test('a sector of which a part is written but that cannot be read fails the write, and is not gathered', async () => {
  inner.failure = (call) => (call === 'read 3+1' ? new Error('lost') : undefined)
  await expect(device.writeBytes(3 * SECTOR_SIZE + 1, Uint8Array.of(1))).rejects.toThrow('lost')
  await device.flush()
  expect(inner.calls).toEqual(['read 3+1', 'flush'])
})
