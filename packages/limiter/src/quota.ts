// draft-ietf-httpapi-ratelimit-headers-11 (May 2026): both fields are Lists of Strings with Integer
// parameters (RFC 9651). Written without a library, because every response carries them. Names are
// checked to be printable ASCII.

/**
 * Formats a String. Few names contain characters to escape, and a search is cheaper than a
 * replacement that finds nothing.
 */
export const string = (name: string) =>
  `"${/["\\]/.test(name) ? name.replace(/["\\]/g, '\\$&') : name}"`
/** Whole seconds, rounded up. */
export const seconds = (milliseconds: number) => Math.ceil(milliseconds / 1000)

/**
 * Formats a policy's item of the RateLimit-Policy field. The draft has no parameter for a burst
 * (section 3.1).
 */
export const formatQuota = (name: string, limit: number, window: number, burst: number) =>
  `${string(name)};q=${limit};w=${seconds(window)}${burst === limit ? '' : `;weir-burst=${burst}`}`
