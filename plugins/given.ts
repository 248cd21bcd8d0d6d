/**
 * The result of a function of the application's, or else what it threw: neither need be what was
 * asked for.
 */
export function resultOf (call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/**
 * A promise that nobody waits for, because it should not be one, does not end the process by this.
 */
export function ignoreRejection (value: unknown): void {
  if (value instanceof Promise) value.catch(() => {})
}
