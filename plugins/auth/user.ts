/** From least to most: each may do what those before it may. */
export const ROLES = ['reader', 'editor', 'admin'] as const

export type Role = typeof ROLES[number]

/** Who sends a request: `request.user`. */
export interface User {
  readonly id: string
  readonly role: Role
  /** Which of the `tiers` of a rate limit applies. */
  readonly tier?: string
}

export const isRole = (value: unknown): value is Role => ROLES.some((role) => role === value)

/** Checks what the application gives as a user: plain JavaScript may give anything. */
export function isUser (value: unknown): value is User {
  if (typeof value !== 'object' || value === null) return false
  const {
    id,
    role,
    tier
  }: { readonly id?: unknown; readonly role?: unknown; readonly tier?: unknown } = value
  return (
    typeof id === 'string' &&
    id !== '' &&
    isRole(role) &&
    (tier === undefined || typeof tier === 'string')
  )
}

export const mayActAs = (has: Role, needed: Role) => ROLES.indexOf(has) >= ROLES.indexOf(needed)
