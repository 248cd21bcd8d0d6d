import { setTimeout } from 'node:timers/promises'
import { cached, createCache } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'

const EUROS: Readonly<Record<string, number>> = { EUR: 1, USD: 0.8, GBP: 1.25 }
const cache = createCache({ store: memoryStore(), namespace: 'rates' })

/** Counts the runs of the slow functions. */
export const runs = { rate: 0, history: 0 }

/** The key is the function's name and its arguments. */
export const rate = cache.wrap(async function rate (from: string, to: string) {
  runs.rate++
  await setTimeout(300) // asks a bank
  return (EUROS[from] ?? 0) / (EUROS[to] ?? 1)
}, { ttl: '1m', tags: (_rate, from, to) => [`currency:${from}`, `currency:${to}`] })

/** Invalidates all cached values of one currency. */
export const forget = (currency: string) => cache.invalidate([`currency:${currency}`])

export class Bank {
  /** Caches a method with a decorator. */
  @cached(cache, {
    ttl: '1h',
    tags: (_history: number[], currency: string) => [`currency:${currency}`]
  })
  async history (currency: string): Promise<number[]> {
    runs.history++
    await setTimeout(300)
    const today = EUROS[currency] ?? 0
    return [today * 0.5, today]
  }
}
