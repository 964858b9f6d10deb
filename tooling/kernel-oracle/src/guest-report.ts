/** How a guest ended, of what it left behind. */

export interface GuestTraces {
  readonly isOverLimit: boolean
  /** What QEMU said. */
  readonly complaints: string
  /** The files of these names in the folder of the job; empty where they are missing. */
  readonly status: string
  readonly output: string
  /** Seconds since the kernel began, when all drivers were there. */
  readonly upSeconds: string
  readonly console: string
  readonly totalMs: number
}

export interface GuestReport {
  /** Of the script; 137 where it took too long. */
  readonly status: number
  /** What the script printed, both streams. */
  readonly output: string
  readonly bootMs: number
  /** From the start of QEMU to its end. */
  readonly totalMs: number
}

/** Of a console that may say a lot, the end is what matters. */
const SHOWN_CHARACTERS = 2000

/**
 * @throws {Error} where the guest did not come to the end of its script
 */
export function guestReport(traces: GuestTraces): GuestReport {
  const { isOverLimit, complaints, status, output, upSeconds, console, totalMs } = traces
  if (!/^\d+\n$/.test(status)) {
    const how = isOverLimit
      ? `it was killed after ${Math.round(totalMs)} ms`
      : 'it ended before its script did'
    const said = [complaints, console, output].map((text) => text.slice(-SHOWN_CHARACTERS)).join('\n')
    throw new Error(`the guest said no status: ${how}\n${said}`)
  }
  return { status: Number(status), output, bootMs: 1000 * Number(upSeconds), totalMs }
}
