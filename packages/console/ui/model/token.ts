export type Role = 'reader' | 'editor' | 'admin'
const ROLES: readonly Role[] = ['reader', 'editor', 'admin']

/** The claims of a token. They are unverified: only the services can check the signature. */
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

/** Reads the claims of a JWT (RFC 7519); returns undefined if the text is not a JWT. */
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

/** Tells whether a role includes another: each role has the permissions of those before it. */
export const may = (role: Role | undefined, needed: Role): boolean =>
  role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(needed)
