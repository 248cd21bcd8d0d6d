import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFile } from 'node:fs/promises'
import { startRedis } from '@weir/internal/testing'
import { type Denial, denialsOf } from '@weir/redis'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { createCache } from '../src/index.js'
import * as scripts from '../src/stores/redis/scripts.js'
import * as swapScripts from '../src/stores/redis/swap-scripts.js'
import { until } from './redis-node.js'
import { openStore, redisPlace } from './redis-place.js'
import { storeContract } from './store-contract.js'

// The contract takes long on a busy machine.
t.setTimeout(300_000)

const server = await startRedis(t)
const control = await server.connect()
const login = { username: 'weir', password: 'PASSWORD' }

/** The rule in the README. */
const README = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
const RULE = /ACL SETUSER weir (.*)/.exec(README)?.[1]?.split(' ') ?? []

/** Sets exactly these rules for the user. */
async function allow (...rules: string[]) {
  await control.acl('SETUSER', 'weir', 'reset', ...rules)
}

function connect (t: Test): Redis {
  const client = new Redis({ path: server.path, ...login })
  t.teardown(() => { client.disconnect() })
  return client
}

/** Resolves with the next denial. */
const denial = () => new Promise<Denial>((resolve) => {
  const heard = (message: unknown) => {
    unsubscribe('weir:redis:denied', heard)
    resolve(message as Denial)
  }
  subscribe('weir:redis:denied', heard)
})

t.test('the rule in the README is sufficient for the store, with +scan to list keys', async (t) => {
  t.ok(RULE.includes('-@all'))
  t.match(README, 'To list keys (`cache.keys`, the console, `weir keys`) add `+scan`')
  await allow(...RULE, '+scan')
  storeContract(t, 'a user with an access control list', { shared: true, persistent: true }, (t) =>
    redisPlace(t, server, async (t) => ({ client: connect(t) }), '', login)
  )
})

t.test('the rule has every command that a script calls', async (t) => {
  const sources = Object.values({ ...scripts, ...swapScripts }).map((one) =>
    typeof one === 'string' ? '' : one.source
  )
  t.ok(sources.some((source) => source.includes('redis.call')))
  for (const [, name = ''] of sources.join('').matchAll(/redis\.p?call\('(\w+)'/g)) {
    t.ok(RULE.includes(`+${name.toLowerCase()}`), name)
  }
})

t.test('a missing permission is reported once, with the rule to grant, until it is allowed', async (t) => {
  const cases: [missing: string, instead: string[], Partial<Denial>][] = [
    ['+get', [], { command: 'GET', grant: '+get' }],
    ['+zadd', [], { command: 'EVALSHA', grant: '+zadd' }],
    ['+time', [], { command: 'EVALSHA', grant: '+time' }],
    ['+evalsha', [], { command: 'EVALSHA', grant: '+evalsha' }],
    ['+ssubscribe', [], { command: 'SSUBSCRIBE', grant: '+ssubscribe' }],
    ['~weir:*', ['~other:*'], { grant: '~weir:*' }],
    ['&weir:*', ['&other:*'], { grant: '&weir:*' }]
  ]
  for (const [missing, instead, expected] of cases) {
    await t.test(missing, async (t) => {
      await control.flushall()
      await allow(...RULE.filter((rule) => rule !== missing), ...instead)
      const client = connect(t)
      const told = denial()
      const cache = createCache<string>({
        store: openStore(t, { client }),
        namespace: 'n',
        l1: false
      })
      await cache.set('key', 'value', { ttl: '1m', tags: ['tag'] }).catch(() => {})
      t.equal(
        await cache.remember('key', { ttl: '1m' }, () => 'value'),
        'value',
        'requests are answered anyway'
      )
      await cache.get('key')
      const { message } = t.match(await told, expected) ? await told : { message: '' }
      t.match(message, 'ACL SETUSER')
      // Scripts that need it only occasionally may have succeeded meanwhile.
      await until('it is refused', async () => denialsOf(client).length > 0)
      t.equal(
        denialsOf(client).length,
        new Set(denialsOf(client).map(({ grant }) => grant)).size,
        'once each'
      )

      await allow(...RULE)
      const heard = new Promise<void>((resolve) => {
        const granted = (message: unknown) => {
          if (
            typeof message !== 'object' ||
            message === null ||
            !('client' in message) ||
            message.client !== client
          ) { return }
          unsubscribe('weir:redis:granted', granted)
          resolve()
        }
        subscribe('weir:redis:granted', granted)
      })
      if (denialsOf(client).length > 0) {
        await cache.set('key', 'value', { ttl: '1m', tags: ['tag'] })
        await cache.get('key')
        await cache.remember('another', { ttl: '1m' }, () => 'value')
        if (denialsOf(client).length > 0) await heard
      }
      t.strictSame(denialsOf(client), [])
    })
  }
})
