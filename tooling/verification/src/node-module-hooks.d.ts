/** What Node 22.15 has and the types do not: they are of the oldest Node that the packages support. */

// oxlint-disable-next-line import/no-unassigned-import -- so that this adds to the module, and does not replace it
import 'node:module'

declare module 'node:module' {
  interface LoadedModule {
    readonly format: string
    readonly source: string
    readonly shortCircuit?: boolean
  }
  type Load<Context> = (url: string, context: Context) => LoadedModule
  function registerHooks(hooks: {
    load<Context>(url: string, context: Context, nextLoad: Load<Context>): LoadedModule
  }): void
}
