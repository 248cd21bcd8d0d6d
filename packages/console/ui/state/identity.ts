import { type DemoUsers } from '../model/api.js'
import { Stored } from '../model/stored.js'
import { readToken, tokenIn, type Role } from '../model/token.js'
import { told } from '../model/told.js'
import { getJson } from './get-json.js'

/** An identity that requests are sent as. */
export interface Identity {
  readonly id: string
  readonly label: string
  readonly role?: Role
  readonly token?: string
}

export interface Identities {
  readonly current: Identity
  readonly known: readonly Identity[]
}

const ANONYMOUS: Identity = { id: 'anonymous', label: 'anonymous' }
// Tokens stay in this tab's storage. Addresses end up in histories and logs, and other storage
// outlives the tab.
const KEY = 'weir.identity'

interface Kept {
  readonly current: string
  readonly tokens: readonly string[]
}

const kept = recall()
const pasted = kept.tokens.flatMap(identityOf)
let demo: readonly Identity[] = []
// The identity may not be known yet, because demo users are loaded after the page.
let wanted = kept.current

export const identities = new Stored<Identities>(among(kept.current, [ANONYMOUS, ...pasted]))

/** Returns the header fields of an identity for requests to the console's own API. */
export const headersOf = ({ token }: Identity): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` }

/** Loads the demo users. If that fails, only the identities of this tab's tokens are available. */
export function loadDemoUsers (): void {
  getJson<DemoUsers>('api/stats/demo-users', AbortSignal.timeout(10_000)).then((answer) => {
    if (!('value' in answer)) return
    demo = answer.value.users.map(({ id, token }) => {
      const role = readToken(token)?.role
      return { id, label: id, token, ...(role !== undefined && { role }) }
    })
    show(wanted)
  }).catch(console.error)
}

export const choose = (id: string): void => show(id)

/**
 * Adds the identity of a token and selects it; returns an error message if the text is no token.
 */
export function addToken (text: string): string | undefined {
  const pastedToken = tokenIn(text)
  const [identity] = identityOf(pastedToken)
  if (identity === undefined) {
    return 'This is not a token. A token (JWT) has three parts with dots between them.'
  }
  const expiresAt = readToken(pastedToken)?.expiresAt
  if (expiresAt !== undefined && expiresAt < Date.now()) {
    return 'This token has expired: get a new one.'
  }
  if (!pasted.some(({ token }) => token === identity.token)) pasted.push(identity)
  show(identity.id)
  return undefined
}

/** Adds the identities of tokens and selects the last one. */
export function logIn (tokens: readonly string[]): void {
  for (const token of tokens) addToken(token)
}

/** Forgets all tokens of this tab. */
export function logOut (): void {
  pasted.length = 0
  show(ANONYMOUS.id)
}

/** Whether the console announces demo users, as the demo suite does. */
export const hasDemoUsers = ({ known }: Identities): boolean =>
  known.some((identity) => demo.includes(identity))

export const hasTokens = ({ known }: Identities): boolean =>
  known.some(({ id }) => id.startsWith('token:'))

export function forget (id: string): void {
  const index = pasted.findIndex((identity) => identity.id === id)
  if (index >= 0) pasted.splice(index, 1)
  show(wanted)
}

/** Returns the identity after `id`, wrapping around at the end. */
export function nextIdentity (id: string): Identity {
  const { known } = identities.get()
  return known[(known.findIndex((identity) => identity.id === id) + 1) % known.length] ?? ANONYMOUS
}

export const identityCalled = (id: string): Identity =>
  identities.get().known.find((identity) => identity.id === id) ?? ANONYMOUS

function show (id: string): void {
  wanted = id
  identities.set(among(id, [ANONYMOUS, ...demo, ...pasted]))
  try {
    const tokens = pasted.flatMap(({ token }) => token === undefined ? [] : [token])
    sessionStorage.setItem(KEY, JSON.stringify({ current: id, tokens } satisfies Kept))
  } catch {
    // Storage may be blocked. Tokens are then lost on reload.
  }
}

function among (id: string, known: readonly Identity[]): Identities {
  return { current: known.find((identity) => identity.id === id) ?? ANONYMOUS, known }
}

function identityOf (token: string): Identity[] {
  const claims = readToken(token)
  if (claims === undefined) return []
  const { subject, role } = claims
  // Two tokens of the same subject are separate identities.
  return [{ id: `token:${token.slice(-8)}`, label: `${subject} (${role})`, role, token }]
}

function recall (): Kept {
  try {
    const text = sessionStorage.getItem(KEY)
    return text === null ? { current: ANONYMOUS.id, tokens: [] } : told(text)
  } catch {
    return { current: ANONYMOUS.id, tokens: [] }
  }
}
