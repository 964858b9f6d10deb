/** Numbers for people. */
import prettyBytes from 'pretty-bytes'

/** With a comma at each thousand. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US')
}

/** In powers of 1024. */
export function sizeText(bytes: number): string {
  return prettyBytes(bytes, { binary: true, space: true })
}

/** `1 sector`, `2 sectors`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`
}
