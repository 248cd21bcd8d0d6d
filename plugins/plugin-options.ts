import { WEIR_ERR_PLUGIN_OPTION } from './errors.js'

/** All options of a plugin by name; the compiler reports a missing one. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>

/**
 * Stops the boot for an unknown option. Fastify's own (`prefix`, `logLevel`) are rejected too: they
 * have no effect on a plugin that is not encapsulated.
 * @throws WEIR_ERR_PLUGIN_OPTION that names the option and lists the valid ones
 * @example checkOptionNames<ConditionalOptions>('weir-conditional', options, { weak: true })
 */
export function checkOptionNames<Options extends object> (
  plugin: string,
  options: Options,
  names: OptionNames<Options>
): void {
  const unknown = unknownOption(options, Object.keys(names))
  if (unknown !== undefined) {
    throw new WEIR_ERR_PLUGIN_OPTION(plugin, unknown.name, unknown.problem)
  }
}

/** Finds an unknown option, and describes the problem. */
export function unknownOption (
  options: object,
  known: readonly string[]
): { name: string; problem: string } | undefined {
  const name = Object.keys(options).find((option) => !known.includes(option))
  return name === undefined
    ? undefined
    : { name, problem: `is unknown: valid options are ${known.join(', ')}` }
}

/** Returns whether a value can have options: an object that is not a list. */
export const isOptions = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Stops the boot for an outbox without one of the methods that a plugin calls.
 * @throws WEIR_ERR_PLUGIN_OPTION
 */
export function checkOutbox (plugin: string, outbox: unknown, methods: readonly string[]): void {
  if (outbox === undefined) return
  const missing = methods.find((method) =>
    !isOptions(outbox) || typeof Reflect.get(outbox, method) !== 'function')
  if (missing === undefined) return
  throw new WEIR_ERR_PLUGIN_OPTION(
    plugin,
    'outbox',
    `must have ${missing}(), like the result of createOutbox() of @weir/outbox`
  )
}
