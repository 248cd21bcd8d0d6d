/**
 * Access to values that Fastify stores under symbols, looked up by description because versions
 * differ.
 */

const symbols = new Map<string, symbol>()

/** Returns a value that Fastify stores under a symbol; undefined if this version has none. */
export function internal (owner: object, description: string): unknown {
  let symbol = symbols.get(description)
  if (symbol === undefined || !Object.hasOwn(owner, symbol)) {
    symbol = Object.getOwnPropertySymbols(owner).find(
      (symbol) => symbol.description === description
    )
    if (symbol === undefined) return undefined
    symbols.set(description, symbol)
  }
  return Reflect.get(owner, symbol)
}

/** Returns the log controller of an application; undefined in versions without one. */
export function logControllerOf (server: object): object | undefined {
  for (let owner: unknown = server; isObject(owner); owner = Object.getPrototypeOf(owner)) {
    const controller = internal(owner, 'fastify.logController')
    if (isObject(controller)) return controller
  }
  return undefined
}

/** Returns whether a value can have members. */
export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null
