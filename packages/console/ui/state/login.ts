import { type DemoUsers } from '../model/api.js'
import { loginCodeIn } from '../model/hash.js'
import { type Problem, problemOf } from '../model/problem.js'
import { Stored } from '../model/stored.js'
import { told } from '../model/told.js'
import { UNREACHED } from './get-json.js'
import { identities, logIn } from './identity.js'

/** The result of a login link that was opened in this tab. */
export type Login = { readonly as: string } | { readonly problem: Problem }

export const login = new Stored<Login | undefined>(undefined)

const GIVE_UP_MS = 10_000

/** Logs in with the login link in the address, now and whenever one is opened in this tab. */
export function watchLoginLinks (): void {
  take()
  window.addEventListener('hashchange', take)
}

function take (): void {
  const code = loginCodeIn(location.hash)
  if (code === undefined) return
  // Remove the code first: it must stay neither in the address nor in the history.
  history.replaceState(null, '', '#/')
  exchange(code).then((result) => login.set(result)).catch(console.error)
}

async function exchange (code: string): Promise<Login> {
  try {
    const response = await fetch('api/stats/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
      cache: 'no-store',
      credentials: 'same-origin',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(GIVE_UP_MS)
    })
    const text = await response.text()
    if (!response.ok) {
      return { problem: problemOf(response.status, text, response.headers.get('retry-after')) }
    }
    logIn(told<DemoUsers>(text).users.map(({ token }) => token))
    return { as: identities.get().current.label }
  } catch {
    return { problem: UNREACHED }
  }
}
