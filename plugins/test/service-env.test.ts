import { hostname } from 'node:os'
import t from 'tap'
import { Type } from 'typebox'
import { clientsEnv, instanceName, loadEnv, serviceEnv } from '../service/index.js'

t.test('defaults, coercion, and nothing undeclared', async (t) => {
  const env = loadEnv(serviceEnv, { PORT: '4101', PATH: '/bin', REDIS_URL: '' })
  t.strictSame(env, {
    PORT: 4101,
    HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
    ACCESS_LOG: false,
    DATA_DIR: '.data',
    DRAIN_MS: 0,
    MAX_EVENT_LOOP_DELAY: 1000,
    REDIS_COMMAND_TIMEOUT: 100,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_SDK_DISABLED: false,
    OTEL_TRACES_SAMPLER: 'parentbased_always_on',
    OTEL_TRACES_SAMPLER_ARG: 1
  })
  t.equal(instanceName(env, 'catalog'), 'catalog-4101')
  t.equal(instanceName(loadEnv(serviceEnv, { PORT: '0', INSTANCE: 'a-1' }), 'catalog'), 'a-1')
})

t.test('the name of an instance reachable from other machines includes the machine\'s', async (t) => {
  const [machine = ''] = hostname().split('.')
  t.equal(
    instanceName(loadEnv(serviceEnv, { PORT: '4101', HOST: '0.0.0.0' }), 'catalog'),
    `catalog-${machine}-4101`
  )
  t.equal(
    instanceName(loadEnv(serviceEnv, { PORT: '4101', HOST: '::1' }), 'catalog'),
    'catalog-4101'
  )
  t.equal(
    instanceName(
      loadEnv(serviceEnv, { PORT: '4101', HOST: '0.0.0.0', INSTANCE: 'a-1' }),
      'catalog'
    ),
    'a-1'
  )
})

t.test('a service extends it', async (t) => {
  const schema = Type.Object({
    ...serviceEnv.properties,
    PORT: Type.Integer({ default: 4101 }),
    PAGE_SIZE: Type.Integer({ default: 20 })
  })
  const env = loadEnv(schema, { PAGE_SIZE: '5' })
  const sum: number = env.PORT + env.PAGE_SIZE
  t.equal(sum, 4106)
  t.equal(instanceName(env, 'catalog'), 'catalog-4101')
})

t.test('an invalid variable is an error that names it and shows no value', async (t) => {
  const table: [Record<string, string>, RegExp][] = [
    [{}, /PORT is required \(the port to listen on/],
    [{ PORT: '' }, /PORT is required/],
    [{ PORT: 'eighty' }, /PORT must be integer/],
    [{ PORT: '70000' }, /PORT must be <= 65535/],
    [{ PORT: '1', LOG_LEVEL: 'loud' }, /LOG_LEVEL must be one of "trace", "debug"/],
    [{ PORT: '1', INSTANCE: 'a b' }, /INSTANCE must match pattern/],
    [{ PORT: '-1', LOG_LEVEL: 'loud' }, /PORT must be >= 0 .*; LOG_LEVEL must be/]
  ]
  for (const [data, message] of table) {
    t.throws(() => loadEnv(serviceEnv, data), { code: 'WEIR_ERR_ENV', message })
  }
  const secret = Type.Object({ KEY: Type.String({ minLength: 20 }) })
  t.throws(() => loadEnv(secret, { KEY: 'hunter2' }), {
    message: 'The environment is invalid: KEY must NOT have fewer than 20 characters'
  })
})

t.test(
  'TRUST_PROXY is addresses and ranges; neither a number nor true, nor all addresses',
  async (t) => {
    for (const TRUST_PROXY of [
      '10.0.0.0/8',
      '127.0.0.1',
      '::1',
      'fd00::/8',
      'loopback, 10.0.0.0/8',
      'uniquelocal'
    ]) {
      t.equal(loadEnv(serviceEnv, { PORT: '1', TRUST_PROXY }).TRUST_PROXY, TRUST_PROXY)
    }
    for (const TRUST_PROXY of [
      '1',
      'true',
      'false',
      '0.0.0.0/0',
      '::/0',
      '10.0.0.0/33',
      '10.0.0.0/8/8',
      '10.0.0',
      'nginx',
      ',',
      'loopback/8'
    ]) {
      t.throws(
        () => loadEnv(serviceEnv, { PORT: '1', TRUST_PROXY }),
        { code: 'WEIR_ERR_ENV', message: /TRUST_PROXY must match format/ },
        TRUST_PROXY
      )
    }
  }
)

t.test('an invalid URL is refused before it is used', async (t) => {
  const schema = Type.Object({ ORIGIN: Type.String({ format: 'readable-url' }) })
  t.equal(loadEnv(schema, { ORIGIN: 'http://[::1]:80' }).ORIGIN, 'http://[::1]:80')
  for (const ORIGIN of ['http://[::1', 'http://a:99999', 'http://a b', 'hunter2']) {
    t.throws(() => loadEnv(schema, { ORIGIN }), {
      code: 'WEIR_ERR_ENV',
      message: 'The environment is invalid: ORIGIN must match format "readable-url"'
    })
  }
})

t.test('lists of clients are addresses and ranges, and a mistake names the variable', async (t) => {
  for (const name of ['RATE_LIMIT_ALLOW', 'RATE_LIMIT_DENY']) {
    for (const list of ['10.0.0.0/8', '127.0.0.1, ::1', 'fd00::/8']) {
      t.match(loadEnv(clientsEnv, { [name]: list }), { [name]: list })
    }
    for (const list of ['abc', '10.0.0.0/33', '10/8', '127.0.0.1,', '127.0.0.1 ::1']) {
      const message = new RegExp(
        `^The environment is invalid: ${name} must match format "addresses" \\(.*separated by commas\\)$`
      )
      t.throws(() => loadEnv(clientsEnv, { [name]: list }), { code: 'WEIR_ERR_ENV', message }, list)
    }
  }
})
