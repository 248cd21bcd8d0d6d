/**
 * Parses JSON from a service of this suite as its declared type. This is the only place where
 * external data is trusted without validation: the page ships with the service that answers, and
 * services serialize by their schemas.
 */
export const told = <T>(json: string): T => JSON.parse(json) as T
