/** The work on a device of bttkit, as native/workload.c does it on a peer. */
import type { BttDevice } from '@bttkit/interfaces'
import { UnitBuffer } from '../workload/unit-buffer.ts'
import { Places, type Operation, type Workload } from '../workload/workload.ts'

/** One that works through units of its own, from one buffer. */
interface Stream {
  readonly number: number
  readonly buffer: UnitBuffer
  done: number
}

/** The streams of one thread. */
export class OurWork {
  private readonly device: BttDevice
  private readonly workload: Workload
  private readonly places: Places
  private readonly streams: readonly Stream[]

  /** @param thread its number, from 0 on */
  constructor(device: BttDevice, workload: Workload, sequence: Uint32Array, thread: number) {
    const { sectorSize, sectorCount } = device
    if (sectorSize !== workload.sectorBytes || sectorCount < workload.sectors)
      throw new RangeError(`${device.info.image}: this image does not fit the work`)
    this.device = device
    this.workload = workload
    this.places = new Places(workload, sequence)
    this.streams = Array.from({ length: workload.depth }, (_, task) => ({
      number: thread * workload.depth + task,
      buffer: new UnitBuffer(workload),
      done: 0,
    }))
  }

  /** By blocking calls, of a thread that has one stream. */
  runBlocking(units: number): void {
    const { device, places, workload } = this
    const [stream] = this.streams
    if (stream === undefined || workload.depth !== 1)
      throw new RangeError('a thread that blocks does one thing at a time')
    const { blocking } = device
    if (workload.operation === 'write') {
      for (let unit = 0; unit < units; unit++) {
        let lba = places.lba(stream.number, stream.done++)
        stream.buffer.stamp(lba, stream.done)
        for (const call of stream.buffer.calls) {
          blocking.write(lba, call)
          lba += workload.callSectors
        }
      }
      return
    }
    for (let unit = 0; unit < units; unit++) {
      const first = places.lba(stream.number, stream.done++)
      let lba = first
      for (const call of stream.buffer.calls) {
        blocking.read(lba, call)
        lba += workload.callSectors
      }
      stream.buffer.checkEnds(first)
    }
  }

  /** By promises, all streams side by side. */
  async runAsync(units: number): Promise<void> {
    const { operation } = this.workload
    await Promise.all(this.streams.map((stream) => this.runStream(stream, units, operation)))
  }

  private async runStream(stream: Stream, units: number, operation: Operation): Promise<void> {
    const { device, places, workload } = this
    const { buffer } = stream
    for (let unit = 0; unit < units; unit++) {
      const first = places.lba(stream.number, stream.done++)
      if (operation === 'write') buffer.stamp(first, stream.done)
      for (const [index, call] of buffer.calls.entries()) {
        const lba = first + index * workload.callSectors
        await (operation === 'write' ? device.write(lba, call) : device.read(lba, call))
      }
      if (operation === 'read') buffer.checkEnds(first)
    }
  }
}
