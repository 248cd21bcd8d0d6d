import { type Wish } from '../../model/exchange.js'
import { appended } from '../../model/ring.js'
import { Stored } from '../../model/stored.js'
import { identityCalled } from '../../state/identity.js'
import { send, type Sent } from '../../state/send.js'

/** A request that was sent from the page, or is on its way. */
export interface Entry {
  readonly number: number
  readonly wish: Wish
  /** Of the identity. */
  readonly as: string
  readonly sent?: Sent
}

const MOST = 50
let number = 0

/** The last ones, oldest first. They stay while one looks at other pages. */
export const entries = new Stored<readonly Entry[]>([])

export function request (wish: Wish, as: string): void {
  const entry: Entry = { number: ++number, wish, as }
  entries.set(appended(entries.get(), entry, MOST))
  send(wish, identityCalled(as)).then((sent) => {
    entries.set(
      entries.get().map((other) => (other.number === entry.number ? { ...entry, sent } : other))
    )
  }).catch(console.error)
}
