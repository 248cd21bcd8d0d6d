import type { Answer } from './exchange.js'

/** All users who send requests. */
export const USERS = ['anonymous', 'anna', 'ben', 'cleo', 'dora', 'emil', 'fritz'] as const

export type User = typeof USERS[number]

/** The way in which a user is identified. */
export type Means = 'nothing' | 'cookie' | 'authorization' | 'api-key'

export const MEANS: Readonly<Record<User, Means>> = {
  anonymous: 'nothing',
  anna: 'cookie',
  ben: 'cookie',
  cleo: 'authorization',
  dora: 'authorization',
  emil: 'api-key',
  fritz: 'api-key'
}

/** The cookies of one user of one twin. */
export class CookieJar {
  readonly #cookies = new Map<string, string>()

  constructor (initial: Readonly<Record<string, string>> = {}) {
    for (const [name, value] of Object.entries(initial)) this.#cookies.set(name, value)
  }

  /** The Cookie header field; undefined without cookies. */
  get header (): string | undefined {
    if (this.#cookies.size === 0) return undefined
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  take ({ headers }: Answer): void {
    for (const text of [headers['set-cookie'] ?? []].flat()) {
      const [pair = '', ...attributes] = text.split(';')
      const at = pair.indexOf('=')
      const name = pair.slice(0, at).trim()
      if (attributes.some(isOver)) this.#cookies.delete(name)
      else this.#cookies.set(name, pair.slice(at + 1).trim())
    }
  }
}

function isOver (attribute: string): boolean {
  const [name = '', value = ''] = attribute.trim().split('=')
  if (name.toLowerCase() === 'max-age') return Number(value) <= 0
  return name.toLowerCase() === 'expires' && Date.parse(value) < Date.now()
}
