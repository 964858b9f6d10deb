import { readFile } from 'node:fs/promises'
import { accessSync, constants } from 'node:fs'
import type { Accelerator } from './qemu-arguments.ts'

/**
 * Whether a processor of these can run guests by itself. Machines have been seen with a /dev/kvm and without this: what they do in software is not enough
 * for a stock kernel, which does not come up.
 */
export function canVirtualise(cpuinfo: string): boolean {
  return /^flags\s*:.* (vmx|svm)( |$)/m.test(cpuinfo)
}

function mayUseKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** How guests run here: `BTTKIT_KERNEL_ACCELERATOR`, or KVM where the processor has what it takes, else by emulation. */
export async function accelerator(): Promise<Accelerator> {
  const chosen = process.env['BTTKIT_KERNEL_ACCELERATOR']
  if (chosen === 'kvm' || chosen === 'tcg') return chosen
  if (!mayUseKvm()) return 'tcg'
  return canVirtualise(await readFile('/proc/cpuinfo', 'utf8')) ? 'kvm' : 'tcg'
}
