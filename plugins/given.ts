/**
 * Returns the result of an application's function, or else the error it threw: neither need have
 * the expected type.
 */
export function resultOf (call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Keeps the rejection of an unexpected promise, which no code awaits, from ending the process. */
export function ignoreRejection (value: unknown): void {
  if (value instanceof Promise) value.catch(() => {})
}
