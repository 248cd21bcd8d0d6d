// draft-ietf-httpapi-ratelimit-headers-11 (May 2026): both fields are Lists of Strings with
// parameters that are Integers (RFC 9651). By hand rather than through a library, because every
// response carries them. Names are checked to be printable ASCII.

/**
 * A String. Few names have what must be escaped, and a search costs less than a replacement that
 * finds nothing.
 */
export const string = (name: string) =>
  `"${/["\\]/.test(name) ? name.replace(/["\\]/g, '\\$&') : name}"`
/** Whole seconds, rounded up. */
export const seconds = (milliseconds: number) => Math.ceil(milliseconds / 1000)

/**
 * A policy's item of the RateLimit-Policy field. A burst has no parameter in the draft (section
 * 3.1).
 */
export const formatQuota = (name: string, limit: number, window: number, burst: number) =>
  `${string(name)};q=${limit};w=${seconds(window)}${burst === limit ? '' : `;weir-burst=${burst}`}`
