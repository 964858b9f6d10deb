/** Objects of others, against what each part of them has to be. */

/** For each part whether a value may stand there. */
export type PartTests<Whole> = Readonly<Record<keyof Whole, (value: unknown) => boolean>>

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

export const isText = (value: unknown): boolean => typeof value === 'string'

export const isFlag = (value: unknown): boolean => typeof value === 'boolean'

export const isMethod = (value: unknown): boolean => typeof value === 'function'

export const absentOr =
  (test: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || test(value)

/** The names of those parts that are missing, or are not what they have to be. */
export function wrongParts<Whole>(value: Record<string, unknown>, tests: PartTests<Whole>): string[] {
  return Object.entries<(part: unknown) => boolean>(tests)
    .filter(([part, isRight]) => !isRight(value[part]))
    .map(([part]) => part)
}
