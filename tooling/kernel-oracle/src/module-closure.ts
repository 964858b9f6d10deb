/** Which modules of a kernel have to be loaded for some of them, and in which order. */

/** The name of a module in a path: `kernel/net/9p/9pnet.ko.xz` is `9pnet`. */
function moduleName(path: string): string {
  return path.replace(/^.*\//, '').replace(/\.ko(\.\w+)?$/, '')
}

/** Of `modules.dep`: by path, the paths of what it needs, directly or not. */
function readDependencies(modulesDep: string): Map<string, string[]> {
  const needs = new Map<string, string[]>()
  for (const line of modulesDep.split('\n')) {
    const colon = line.indexOf(':')
    if (colon === -1) continue
    const paths = line.slice(colon + 1).split(' ')
    needs.set(
      line.slice(0, colon),
      paths.filter((path) => path !== ''),
    )
  }
  return needs
}

/** What depmod wrote, and what the kernel's package says of itself. */
export interface ModuleLists {
  /** `modules.dep`: all that each module needs. Tools disagree on the order in which they name it. */
  readonly dependencies: string
  /** `modules.builtin`: what is no module of this kernel but a part of it. */
  readonly builtin: string
}

/**
 * The paths of these modules and of all they need, each once, and each after what it needs. What the kernel has built in is left out.
 *
 * @throws {Error} for a module that is not there
 */
export function moduleClosure({ dependencies, builtin }: ModuleLists, names: readonly string[]): string[] {
  const needs = readDependencies(dependencies)
  const pathsByName = new Map([...needs.keys()].map((path) => [moduleName(path), path]))
  const builtinNames = new Set(builtin.split('\n').map(moduleName))
  const order = new Set<string>()
  const underway = new Set<string>()
  const add = (path: string): void => {
    if (underway.has(path)) return
    underway.add(path)
    for (const need of needs.get(path) ?? []) add(need)
    order.add(path)
  }
  for (const name of names) {
    const path = pathsByName.get(name)
    if (path !== undefined) add(path)
    else if (!builtinNames.has(name)) throw new Error(`this kernel has no module '${name}'`)
  }
  return [...order]
}
