/**
 * What a service of this suite said, as the type of it. The one place where something from outside
 * is believed to be what it should be: the page comes with the service that answers, and services
 * serialize by their schemas.
 */
export const told = <T>(json: string): T => JSON.parse(json) as T
