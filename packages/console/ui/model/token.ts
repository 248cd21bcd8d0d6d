export type Role = 'reader' | 'editor' | 'admin'
const ROLES: readonly Role[] = ['reader', 'editor', 'admin']

/** What a token says of whom it is for. Only the services can tell whether that is true. */
export interface Claims {
  readonly subject: string
  readonly role: Role
  /** ms since 1970 */
  readonly expiresAt: number | undefined
}

/**
 * Returns the token in pasted text, which may be a line that `npm start` prints
 * (`export EDITOR_TOKEN=…`) or the value of an Authorization header.
 */
export const tokenIn = (text: string): string =>
  text.trim().replace(/^(?:(?:export\s+)?\w+=|Bearer\s+)/i, '')

/** Reads the claims of a JWT (RFC 7519), or undefined where it is none. */
export function readToken (token: string): Claims | undefined {
  const [, payload, signature, ...more] = token.split('.')
  if (payload === undefined || signature === undefined || signature === '' || more.length > 0) {
    return undefined
  }
  try {
    const bytes = Uint8Array.from(
      atob(payload.replaceAll('-', '+').replaceAll('_', '/')),
      (character) => character.charCodeAt(0)
    )
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (
      typeof claims !== 'object' ||
      claims === null ||
      !('sub' in claims) ||
      typeof claims.sub !== 'string'
    ) { return undefined }
    return {
      subject: claims.sub,
      role: ('role' in claims ? ROLES.find((role) => role === claims.role) : undefined) ?? 'reader',
      expiresAt: 'exp' in claims && typeof claims.exp === 'number' ? claims.exp * 1000 : undefined
    }
  } catch {
    return undefined
  }
}

/** Each role may do what those before it may. */
export const may = (role: Role | undefined, needed: Role): boolean =>
  role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(needed)
