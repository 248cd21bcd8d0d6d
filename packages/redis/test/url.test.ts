import t from 'tap'
import { createClient } from '../src/ioredis/create.js'
import { parseRedisUrl } from '../src/url.js'

t.test('the address of Redis, and its displayable part', async (t) => {
  const table: Record<string, object> = {
    '/run/redis.sock': { kind: 'server', url: '/run/redis.sock', server: '/run/redis.sock' },
    '/run/redis.sock?password=secret': {
      kind: 'server',
      url: '/run/redis.sock?password=secret',
      server: '/run/redis.sock'
    },
    'rediss://user:secret@redis.example:6380/2': {
      kind: 'server',
      url: 'rediss://user:secret@redis.example:6380/2',
      server: 'redis.example:6380'
    },
    'redis+cluster://a:7000,b:6379,c,[::1]:7003': {
      kind: 'cluster',
      server: 'a:7000,b:6379,c,[::1]:7003',
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 6379 },
        { host: 'c', port: 6379 },
        { host: '::1', port: 7003 }
      ],
      login: {}
    },
    'rediss+cluster://user:se%3Acr:et@a:7000/': {
      kind: 'cluster',
      server: 'a:7000',
      nodes: [{ host: 'a', port: 7000 }],
      login: { username: 'user', password: 'se:cr:et', tls: {} }
    },
    'redis+sentinel://:secret@a,b:26380/main': {
      kind: 'sentinel',
      server: 'a,b:26380/main',
      sentinels: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 26380 }
      ],
      name: 'main',
      db: 0,
      login: { password: 'secret' }
    },
    'rediss+sentinel://a/my%20main/3': {
      kind: 'sentinel',
      server: 'a/my%20main',
      sentinels: [{ host: 'a', port: 26379 }],
      name: 'my main',
      db: 3,
      login: { tls: {} }
    }
  }
  for (const [url, address] of Object.entries(table)) t.strictSame(parseRedisUrl(url), address, url)
})

t.test('text that ioredis would take for a URL without a scheme is rejected', async (t) => {
  t.throws(() => parseRedisUrl('//user:secret@redis.example'), { message: /begins with \/\// })
  t.throws(() => parseRedisUrl('//user:secret@redis.example'), { message: /^(?!.*secret)/ })
})

t.test('the command timeout determines the other timeouts', async (t) => {
  const table = { 10: [910, 500], 100: [1000, 500], 600: [1500, 3000], 5000: [5900, 5000] }
  for (const [commandTimeout, [socketTimeout, connectTimeout]] of Object.entries(table)) {
    const client = createClient(parseRedisUrl('redis://127.0.0.1:1'), Number(commandTimeout))
    client.on('error', () => {})
    client.disconnect()
    t.match(client.options, {
      commandTimeout: Number(commandTimeout),
      socketTimeout,
      connectTimeout
    })
  }
})

t.test('TLS applies to Redis and to its Sentinels', async (t) => {
  const client = createClient(
    parseRedisUrl('rediss+sentinel://user:secret@127.0.0.1:1/main/3'),
    100
  )
  t.teardown(() => { client.disconnect() })
  client.on('error', () => {})
  t.match(client.options, {
    name: 'main',
    db: 3,
    username: 'user',
    password: 'secret',
    tls: {},
    sentinelTLS: {},
    enableTLSForSentinelMode: true
  })
})
