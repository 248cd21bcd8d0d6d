/** Accepts or rejects a value that another process has written. */
export type Check = (value: unknown) => boolean

export const isText: Check = (value) => typeof value === 'string'
export const isBoolean: Check = (value) => typeof value === 'boolean'
export const isNumber: Check = (value) => typeof value === 'number' && value >= 0

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const listOf = (check: Check): Check => (value) => Array.isArray(value) && value.every(check)

export const optional = (check: Check): Check => (value) => value === undefined || check(value)

/** Accepts only these texts. */
export const oneOf = (...texts: readonly string[]): Check => (value) =>
  texts.some((text) => text === value)

/** Accepts an object in which every member, whatever its name, passes the check. */
export const mapOf =
  (check: Check): Check =>
    (value) =>
      isObject(value) && Object.values(value).every(check)

/** Accepts an object that has these members, possibly among others. */
export const shape = (members: Readonly<Record<string, Check>>): Check => (value) =>
  isObject(value) && Object.entries(members).every(([name, check]) => check(value[name]))
