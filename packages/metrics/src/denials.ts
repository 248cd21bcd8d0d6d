import { OTHERS } from './name-counts.js'
import { type DenialCounts } from './record.js'

// Maximum number of combinations of route, policy and client. In a distributed flood, the first
// ones are enough.
const MOST = 100
const LONGEST_CLIENT = 100

/** Denials by policy and client since the last `clear`. */
export class Denials {
  readonly #counts = new Map<string, { -readonly [Key in keyof DenialCounts]: DenialCounts[Key] }>()

  add (route: string, policy: string, client: string): void {
    const key = JSON.stringify([route, policy, client])
    const denial = this.#counts.get(key)
    if (denial !== undefined) denial.count++
    else if (client === OTHERS || (this.#counts.size < MOST && client.length <= LONGEST_CLIENT)) {
      this.#counts.set(key, { route, policy, client, count: 1 })
    } else this.add(route, policy, OTHERS)
  }

  list (): DenialCounts[] {
    return Array.from(this.#counts.values(), (denial) => ({ ...denial }))
  }

  clear (): void {
    this.#counts.clear()
  }
}
