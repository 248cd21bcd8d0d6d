import { setTimeout } from 'node:timers/promises'
import { createCache } from '@weir/cache'
import { redisStore } from '@weir/cache/redis'
import { sqliteStore } from '@weir/cache/sqlite'

// The platform starts a process, calls the function once, and ends the process.
const { REDIS_URL, CACHE_FILE = '.data/cache.db' } = process.env
const store = REDIS_URL === undefined
  ? sqliteStore({ file: CACHE_FILE })
  : redisStore({ url: REDIS_URL })

// The memory of a process that handles one call is useless as a cache.
const reports = createCache<string>({ store, namespace: 'reports', l1: false })

let computed = false

async function makeReport (month: string) {
  computed = true
  await setTimeout(500) // a slow query
  return `Report of ${month}`
}

const [, , month = ''] = process.argv
const report = await reports.remember(month, { ttl: '1m' }, () => makeReport(month))
console.log(JSON.stringify({ report, computed }))

// Waits until the value is stored, and no connection keeps the process alive.
await reports.idle()
await store.close()
