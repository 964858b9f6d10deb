import type { GuestReport } from './guest-report.ts'
import { startGuest, type Guest, type GuestOptions } from './start-guest.ts'

/**
 * Boots a kernel, runs a script in it, and waits for its end. `collect` is called with the folder that was /job in the guest, before it is gone.
 *
 * @throws {Error} where the guest did not come to the end of its script
 */
export async function bootKernel(
  options: GuestOptions,
  collect: (job: string) => Promise<void> = async () => {},
): Promise<GuestReport> {
  await using guest: Guest = await startGuest(options)
  const report = await guest.report()
  await collect(guest.job)
  return report
}
