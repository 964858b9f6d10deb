/** A Linux device number taken apart. */
export interface DeviceNumber {
  readonly major: number
  readonly minor: number
}

/** Takes a `dev_t` apart as the GNU C library put it together: the low bits of both come first, the high bits above them. */
export function splitDeviceNumber(device: bigint): DeviceNumber {
  return {
    major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
    minor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
  }
}

/** As sysfs names a device: `8:1`. */
export function deviceName(device: bigint): string {
  const { major, minor } = splitDeviceNumber(device)
  return `${major}:${minor}`
}
