import { WEIR_ERR_PLUGIN_OPTION } from './errors.js'

/** Every option of a plugin, by name; the compiler finds one that is left out. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>

/**
 * Stops the boot for an option that the plugin does not have. Fastify's own (`prefix`, `logLevel`)
 * are among them: they have no effect on a plugin that is not encapsulated.
 * @throws WEIR_ERR_PLUGIN_OPTION that names the option and lists those there are
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

/** Finds an option that is not known, and describes the problem. */
export function unknownOption (
  options: object,
  known: readonly string[]
): { name: string; problem: string } | undefined {
  const name = Object.keys(options).find((option) => !known.includes(option))
  return name === undefined
    ? undefined
    : { name, problem: `is unknown: there is ${known.join(', ')}` }
}

/** Whether a value can have options: an object, and no list. */
export const isOptions = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
