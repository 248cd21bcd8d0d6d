import { once } from 'node:events'
import { createServer } from 'node:net'
import { Writable } from 'node:stream'
import { memoryStore } from '@weir/cache/memory'
import { fastify } from 'fastify'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import responseCache from '../response-cache/index.js'
import { serializeError } from '../service/error-serializer.js'
import service, { loadEnv, serverOptions, serviceEnv } from '../service/index.js'
import { options } from './support/service-app.js'

interface Line { readonly [member: string]: unknown }

/** Returns a service whose log the test reads. */
async function logged (t: Test, env: Record<string, string>) {
  let log = ''
  const stream = new Writable({
    write (chunk, _encoding, done) {
      log += String(chunk)
      done()
    }
  })
  const { logger, ...server } = serverOptions(loadEnv(serviceEnv, { PORT: '1', ...env }), {
    service: 'demo'
  })
  const app = fastify({ ...server, logger: { ...logger, stream } })
  t.teardown(() => app.close())
  await app.register(service, options)
  await app.register(responseCache, { store: memoryStore() })
  app.get('/things', { config: { cache: { ttl: 60_000 } } }, async () => ({ n: 1 }))
  app.get('/fails', async () => {
    throw new Error('no https://u:hunter2@api.example/v1?key=hunter2', {
      cause: new AggregateError([new Error('refused')], 'all of them')
    })
  })
  const lines = (): Line[] =>
    log
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Line => JSON.parse(line) as Line)
  return { app, text: () => log, lines }
}

t.test('ACCESS_LOG: one line per request, regardless of the level', async (t) => {
  const { app, lines } = await logged(t, { ACCESS_LOG: 'true', LOG_LEVEL: 'error' })
  for (const url of [
    '/things?token=hunter2',
    '/things?token=hunter2',
    '/nowhere?token=hunter2',
    '/fails?token=hunter2'
  ]) {
    await app.inject({ url, headers: { 'x-request-id': 'r-1' } })
  }
  const access = lines().filter(({ msg }) => msg === 'access')
  t.match(access, [
    { reqId: 'r-1', method: 'GET', path: '/things', status: 200, cache: 'miss', ms: Number },
    { reqId: 'r-1', method: 'GET', path: '/things', status: 200, cache: 'l1' },
    { reqId: 'r-1', method: 'GET', path: '/nowhere', status: 404 },
    { reqId: 'r-1', method: 'GET', path: '/fails', status: 500 }
  ])
  t.equal(access.length, 4)
  t.equal(lines().length, 5, 'and the error, once')
})

t.test('without it there is no line', async (t) => {
  const { app, lines } = await logged(t, {})
  await app.inject('/things')
  await app.inject('/nowhere')
  t.strictSame(lines().map(({ msg }) => msg), ['response'])
})

t.test('no line shows a query or a password, and every cause is logged', async (t) => {
  for (const ACCESS_LOG of ['true', 'false']) {
    const { app, text, lines } = await logged(t, { LOG_LEVEL: 'trace', ACCESS_LOG })
    for (const path of ['/things', '/nowhere', '/fails', '/%zz']) {
      await app.inject(`${path}?token=hunter2`)
    }
    app.log.warn(
      { redis: 'redis://:hunter2@h', reason: 'connect ENOENT /tmp/x.sock?password=hunter2' },
      'gone: redis://:hunter2@h'
    )
    app.log.error(new TypeError('Invalid URL', { cause: 'redis://:hunter2@h' }))
    t.notMatch(text(), /hunter2/)
    t.match(
      lines().find(({ msg }) => msg === 'request failed'),
      {
        err: {
          type: 'Error',
          message: 'no https://api.example/v1?[redacted]',
          stack: /service-log\.test/,
          cause: {
            type: 'AggregateError',
            message: 'all of them',
            errors: [{ type: 'Error', message: 'refused', stack: /refused/ }]
          }
        }
      }
    )
  }
})

t.test('errors of ioredis and of new URL() show no password', async (t) => {
  // Redis that requires another password.
  const server = createServer((socket) => {
    socket.on('error', () => {}).on('data', (commands) => {
      // One reply for each command of a pipeline.
      const count = commands.toString('latin1').match(/\*\d+\r\n/g)?.length ?? 0
      socket.write('-WRONGPASS invalid username-password pair\r\n'.repeat(count))
    })
  }).listen(0, '127.0.0.1')
  t.teardown(() => { server.close() })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const client = new Redis({
    host: '127.0.0.1',
    port: address.port,
    enableReadyCheck: false,
    retryStrategy: () => null
  })
  t.teardown(() => { client.disconnect() })
  client.on('error', () => {})
  const refused: unknown = await client.auth('user', 'hunter2').catch((error: unknown) => error)
  let invalid: unknown
  try {
    invalid = new URL('redis://u:hun ter2@ h')
  } catch (error) {
    invalid = error
  }
  for (const error of [refused, invalid]) {
    const shown = JSON.stringify(serializeError(new Error('outer', { cause: error })))
    t.notMatch(shown, /hunter2|ter2@/)
    t.match(shown, /WRONGPASS|ERR_INVALID_URL/)
  }
})

t.test('a chain of causes that is circular or long ends', async (t) => {
  const error: Error & { cause?: unknown } = new Error('a')
  error.cause = new Error('b', { cause: error })
  t.match(serializeError(error), {
    message: 'a',
    cause: { message: 'b', cause: { message: 'a', cause: undefined } }
  })
  let long = new Error('0')
  for (let i = 1; i < 1000; i++) long = new Error(String(i), { cause: long })
  t.ok(JSON.stringify(serializeError(long)).length < 100_000)
  t.match(serializeError(new Error('x', { cause: { odd: 1 } })), {
    cause: { type: 'object', message: '{ odd: 1 }' }
  })
  t.match(
    serializeError(
      Object.assign(new Error('x'), {
        code: 'E',
        inner: new Error('y'),
        command: { name: 'auth', args: ['p'] }
      })
    ),
    {
      code: 'E',
      inner: { message: 'y' },
      command: 'auth'
    }
  )
})
