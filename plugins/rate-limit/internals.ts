/** Fastify's values under symbols of its own, each looked for, because versions differ. */

const symbols = new Map<string, symbol>()

/** A value that Fastify keeps under a symbol of its own; undefined where this version has none. */
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

/** The log controller of an application; undefined in versions without. */
export function logControllerOf (server: object): object | undefined {
  for (let owner: unknown = server; isObject(owner); owner = Object.getPrototypeOf(owner)) {
    const controller = internal(owner, 'fastify.logController')
    if (isObject(controller)) return controller
  }
  return undefined
}

/** Whether a value has members to look at. */
export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null
