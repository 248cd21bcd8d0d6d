/** What a function of the application's returned, or else threw: neither is what was asked for. */
export function resultOf (call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Keeps a promise that nobody waits for, because it should not be one, from ending the process. */
export function ignoreRejection (value: unknown): void {
  if (value instanceof Promise) value.catch(() => {})
}
