/** Roles in ascending order; each includes the ones before it. */
export const ROLES = ['reader', 'editor', 'admin'] as const

export type Role = typeof ROLES[number]

/** User who sent a request: `request.user`. */
export interface User {
  readonly id: string
  readonly role: Role
  /** Name of the rate limit's tier that applies. */
  readonly tier?: string
}

export const isRole = (value: unknown): value is Role => ROLES.some((role) => role === value)

/** Returns whether a value is a user: plain JavaScript applications may return anything. */
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
