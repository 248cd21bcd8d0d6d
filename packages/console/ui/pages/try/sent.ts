import { type Wish } from '../../model/exchange.js'
import { appended } from '../../model/ring.js'
import { Stored } from '../../model/stored.js'
import { identityCalled } from '../../state/identity.js'
import { send, type Sent } from '../../state/send.js'

/** A request sent from the page; without `sent` it is pending. */
export interface Entry {
  readonly number: number
  readonly wish: Wish
  /** ID of the identity. */
  readonly as: string
  readonly sent?: Sent
}

const MOST = 50
let number = 0

/** The latest requests, oldest first. They are retained while other pages are shown. */
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
