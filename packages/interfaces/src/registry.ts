/**
 * The part of a dependency-injection container that library packages use. tsyringe's containers have this shape; no library needs
 * tsyringe itself.
 */
export interface Resolver {
  /** The last thing registered under the token. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what a token stands for
  resolve<T>(token: symbol): T
  /** Everything registered under the token. */
  resolveAll<T>(token: symbol): T[]
}

export interface Registry {
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- likewise
  register<T>(token: symbol, provider: { useFactory: (resolver: Resolver) => T }): unknown
}
