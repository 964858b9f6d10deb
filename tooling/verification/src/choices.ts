/** All choices of `count` names, each as often as one likes, whatever their order. */
export function* choices(names: readonly string[], count: number): Generator<string[]> {
  if (count === 0) yield []
  else
    for (const [index, name] of names.entries())
      for (const others of choices(names.slice(index), count - 1)) yield [name, ...others]
}
