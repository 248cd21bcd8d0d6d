import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { redisStore } from '@weir/cache/redis'
import { startRedis } from '@weir/internal/testing'
import { definePolicy } from '@weir/limiter'
import { redisStore as limitStore } from '@weir/limiter/redis'
import { Recorder } from '@weir/metrics'
import { redisStore as metricsStore } from '@weir/metrics/redis'
import { fastify } from 'fastify'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import redis, { deniedTo, patientClient } from '../redis/index.js'
import service from '../service/index.js'

/** Timeout for a machine that is busy with other tests. */
const PATIENT = { commandTimeout: 1000 }

interface Line { level: number, msg: string }

/** Returns an app that keeps its log; `logged(text)` resolves with the first matching line. */
function build (t: Test) {
  const lines: Line[] = []
  let waiting: { text: string, found: (line: Line) => void }[] = []
  const find = (text: string) => lines.find(({ msg }) => msg.includes(text))
  const app = fastify({
    logger: {
      level: 'info',
      stream: {
        write (text: string) {
          const line: unknown = JSON.parse(text)
          if (!isLine(line)) return
          lines.push(line)
          waiting = waiting.filter((one) => {
            if (!line.msg.includes(one.text)) return true
            one.found(line)
            return false
          })
        }
      }
    }
  })
  t.teardown(() => app.close())
  const logged = async (text: string) =>
    find(text) ??
    new Promise<Line>((resolve) => {
      waiting.push({ text, found: resolve })
    })
  return { app, lines, logged }
}

function isLine (line: unknown): line is Line {
  return typeof line === 'object' && line !== null && 'msg' in line && typeof line.msg === 'string'
}

t.test('Redis is available: app.redis is the client of @fastify/redis, ready', async (t) => {
  const server = await startRedis(t)
  const { app, lines } = build(t)
  await app.register(redis, { url: server.url, ...PATIENT })
  await app.ready()
  t.ok(app.hasPlugin('@fastify/redis'))
  t.ok(app.hasPlugin('weir-redis'))
  t.equal(await app.redis.set('a', '1'), 'OK')
  t.equal(await app.redis.get('a'), '1')
  const ended = once(app.redis, 'end')
  await app.close()
  await ended
  t.strictSame(lines, [], 'nothing to tell')
})

t.test(
  'Redis is absent: boots, logs it once, fails commands at once, connects when Redis becomes available',
  async (t) => {
    const server = await startRedis(t, { absent: true })
    const { app, lines, logged } = build(t)
    await app.register(redis, { url: server.url, readyTimeout: 500 })
    await app.ready()
    t.match(lines, [
      { level: 40, msg: 'Redis is not available: starting without it', reason: /ECONNREFUSED/ }
    ])
    const client = app.redis
    await t.rejects(client.get('a'))

    await server.start()
    t.match(await logged('Redis is back'), { level: 30 })
    t.equal(app.redis, client, 'the same client')
    t.equal(await app.redis.set('a', '1'), 'OK')
    t.equal(lines.length, 2)
  }
)

t.test('Redis is absent: the app still closes', async (t) => {
  const server = await startRedis(t, { absent: true })
  const { app } = build(t)
  await app.register(redis, { url: server.url, readyTimeout: 0 })
  await app.ready()
  const client = app.redis
  await app.close()
  t.not(client.status, 'ready')
})

t.test(
  'Redis is killed and restarted: one line for each, commands fail meanwhile',
  async (t) => {
    const server = await startRedis(t)
    const { app, lines, logged } = build(t)
    await app.register(redis, { url: server.url, ...PATIENT })
    await app.ready()
    await server.kill()
    await logged('Redis is unavailable')
    await t.rejects(app.redis.get('a'))
    // More than one attempt to connect fails before Redis is back.
    await once(app.redis, 'error')
    await once(app.redis, 'error')
    await server.start()
    await logged('Redis is back')
    t.equal(await app.redis.get('a'), null)
    t.strictSame(
      lines.map(({ level }) => level),
      [40, 30]
    )
  }
)

t.test(
  'Redis is frozen: a command fails in time, the connection is given up, the app closes; thawed, it reconnects',
  async (t) => {
    const server = await startRedis(t)
    const { app, logged } = build(t)
    await app.register(redis, { url: server.url, readyTimeout: 5000 })
    await app.ready()
    server.freeze()
    await t.rejects(app.redis.get('a'), /timed out/i)
    await logged('Redis is unavailable')
    await t.rejects(app.redis.get('a'), /writeable/, 'from here on without waiting')
    server.thaw()
    await logged('Redis is back')
    t.equal(await app.redis.get('a'), null)
    server.freeze()
    await app.close()
  }
)

t.test(
  'a process that was busy for longer than a command may take reads the reply that arrived meanwhile',
  async (t) => {
    const server = await startRedis(t)
    const { app } = build(t)
    await app.register(redis, { url: server.url, commandTimeout: 400 })
    const patient = await patientClient(app, { commandTimeout: 500 })
    await app.ready()
    for (const client of [app.redis, patient]) {
      await client.set('a', '1')
      const replies = [client.get('a'), client.incr('b'), client.hget('a', 'b')]
      // Commands of one turn are written at its end.
      await setImmediate()
      const { port } = new URL(server.url)
      // Redis answers in order, including earlier commands.
      for (const end = performance.now() + 600; performance.now() < end;) {
        execFileSync('redis-cli', ['-p', port, 'ping'])
      }
      t.match(await Promise.allSettled(replies), [
        { value: '1' },
        { value: 1 },
        { status: 'rejected', reason: /WRONGTYPE/ }
      ])
      await client.del('b')
    }
  }
)

t.test('Redis is frozen at boot: boots without it', async (t) => {
  const server = await startRedis(t)
  server.freeze()
  const { app, logged } = build(t)
  await app.register(redis, { url: server.url, readyTimeout: 150 })
  await app.ready()
  await logged('starting without it')
  server.thaw()
  await logged('Redis is back')
  t.equal(await app.redis.get('a'), null)
})

t.test('a database that does not exist is an error at boot', async (t) => {
  const server = await startRedis(t)
  const { app } = build(t)
  await t.rejects(
    async () => {
      await app.register(redis, { url: `${server.url}/99`, ...PATIENT })
    },
    { code: 'WEIR_ERR_REDIS_URL', message: /database 99 cannot be used/ }
  )
})

t.test(
  'a command that Redis does not allow is logged once, and redis is degraded until it is allowed',
  async (t) => {
    const server = await startRedis(t)
    const admin = new Redis(server.url)
    t.teardown(() => {
      admin.disconnect()
    })
    const rules = ['on', '>PASSWORD', '~weir:*', '&weir:*', '+@all', '-get']
    await admin.acl('SETUSER', 'weir', ...rules)
    const { app, lines, logged } = build(t)
    await app.register(service, {
      name: 'test',
      title: 'Test',
      description: 'A test',
      version: '1.0.0'
    })
    await app.register(redis, { url: server.url.replace('://', '://weir:PASSWORD@'), ...PATIENT })
    const store = redisStore({ client: app.redis })
    app.addHook('onClose', () => store.close())
    await app.ready()
    const state = async () =>
      (await app.inject('/health/ready')).json<{ checks: { redis: string } }>().checks.redis
    t.equal(await state(), 'ok')

    const { entries } = store.namespace('n')
    await t.rejects(entries.get(['key']), /NOPERM/)
    t.match(await logged('Redis does not allow GET'), {
      level: 50,
      command: 'GET',
      grant: '+get',
      msg: /ACL SETUSER \S+ \+get/
    })
    await t.rejects(entries.get(['key']), /NOPERM/)
    t.equal(lines.filter(({ level }) => level === 50).length, 1, 'one line')
    t.equal(await state(), 'degraded')

    await admin.acl('SETUSER', 'weir', '+get')
    await entries.get(['key'])
    t.equal(await state(), 'ok')
  }
)

t.test('the rule in the README is sufficient for the stores of all packages', async (t) => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const rules = /ACL SETUSER weir (.*)/.exec(readme)?.[1]?.split(' ') ?? []
  const server = await startRedis(t)
  const admin = await server.connect()
  await admin.acl('SETUSER', 'weir', ...rules)
  const { app } = build(t)
  await app.register(redis, { url: server.url.replace('://', '://weir:PASSWORD@'), ...PATIENT })
  const store = redisStore({ client: app.redis })
  app.addHook('onClose', () => store.close())
  const { entries, validity } = store.namespace('n')
  await validity.invalidate(['tag'])
  await validity.clear()
  await entries.set('key', Buffer.alloc(100), 1000)
  await entries.delete('key')
  const limits = limitStore({ client: app.redis })
  await limits.take('key', [definePolicy({ name: 'p', limit: 10, window: 60_000 })], 1)
  await limits.reset('key')
  const metrics = metricsStore({ client: app.redis })
  await new Recorder({
    store: metrics,
    service: 'test',
    instance: 'test-1',
    vitals: () => ({
      rssBytes: 1,
      heapBytes: 1,
      eventLoopDelayMs: 1,
      l1: { entries: 0, bytes: 0, evictions: 0 },
      invalidations: []
    })
  }).close()
  await metrics.read(Math.floor(Date.now() / 60_000))
  await metrics.instances()
  t.strictSame(deniedTo(app.redis), [])
})

t.test(
  'an invalid option is an error at boot that names the problem and hides the password',
  async (t) => {
    const table: [url: unknown, message: RegExp][] = [
      [undefined, /it is missing/],
      ['', /it is missing/],
      ['127.0.0.1', /not a URL/],
      ['http://user:secret@127.0.0.1', /begins with http:/],
      ['redis://', /no host/],
      ['redis://127.0.0.1/cache', /not a database number/],
      ['redis+cluster://user:secret@a:7000,b:x', /list of host:port/],
      ['redis+cluster://', /no host/],
      ['redis+cluster://a:7000,', /no host/],
      ['redis+cluster://a:7000/1', /no numbered databases/],
      ['redis+cluster://user:%zz@a:7000', /% that does not encode/],
      ['redis+sentinel://a:26379', /name of the master/],
      ['redis+sentinel://a:26379/main/x', /name of the master/]
    ]
    for (const [url, message] of table) {
      const { app } = build(t)
      await t.rejects(
        async () => {
          // @ts-expect-error: possible in plain JavaScript
          await app.register(redis, { url })
        },
        { code: 'WEIR_ERR_REDIS_URL', message }
      )
    }
    for (const readyTimeout of [-1, NaN, Infinity]) {
      const { app } = build(t)
      await t.rejects(
        async () => {
          await app.register(redis, { url: 'redis://127.0.0.1', readyTimeout })
        },
        { code: 'WEIR_ERR_REDIS_OPTION', message: /"readyTimeout" must be/ }
      )
    }
    for (const commandTimeout of [0, 0.5, NaN, 60_001]) {
      const { app } = build(t)
      await t.rejects(
        async () => {
          await app.register(redis, { url: 'redis://127.0.0.1', commandTimeout })
        },
        { code: 'WEIR_ERR_REDIS_OPTION', message: /"commandTimeout" must be/ }
      )
    }
  }
)
