import { createCache, type Store } from '@weir/cache'
import { memoryStore } from '@weir/cache/memory'
import { createLimiter, memoryStore as memoryLimits, type LimitStore } from '@weir/limiter'
import { type Test } from 'tap'
import { type Allowance, Budget } from '../../src/upstream/budget.js'
import { Pause } from '../../src/upstream/pause.js'
import { type Manners, Upstream } from '../../src/upstream/upstream.js'

export interface Shared {
  readonly store: Store
  readonly limits: LimitStore
}

/** State shared by instances. */
export const shared = (): Shared => ({ store: memoryStore(), limits: memoryLimits() })

const plenty: Allowance = { perMinute: 1_000_000, perHour: 1_000_000, perDay: 1_000_000 }

interface Options {
  readonly manners?: Partial<Manners>
  readonly allowance?: Partial<Allowance>
  readonly stores?: Shared
  readonly report?: (error: unknown) => void
}

/**
 * Opens an upstream at this origin, as one instance does; closed with the test. Retries are
 * immediate.
 */
export function open (
  t: Test,
  origin: string,
  { manners, allowance, stores = shared(), report = () => {} }: Options = {}
): Upstream {
  const upstream = new Upstream({
    origin,
    budget: new Budget(createLimiter({ store: stores.limits }), 'test', {
      ...plenty,
      ...allowance
    }),
    pause: new Pause(
      createCache<number>({ store: stores.store, namespace: 'weather' }),
      `pause:${origin}`,
      report
    ),
    manners: { backoff: 1, ...manners }
  })
  t.teardown(() => upstream.close())
  return upstream
}
