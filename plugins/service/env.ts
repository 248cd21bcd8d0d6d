import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { parseRedisUrl, RedisError } from '@weir/redis'
import envSchema from 'env-schema'
import { Type, type Static, type TObject } from 'typebox'
import { WEIR_ERR_ENV } from '../errors.js'
import { addressList } from '../rate-limit/addresses.js'
import type { TelemetryOptions } from '../telemetry/index.js'
import { listed } from './clients-env.js'
import { numbersAsInJson } from './numbers.js'
import { fieldErrors, type Violation } from './validation.js'

/**
 * Variables that every service reads. A service extends them, or changes their defaults:
 *
 * @example
 * const schema = Type.Object({
 *   ...serviceEnv.properties,
 *   PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 4101 }),
 *   PAGE_SIZE: Type.Integer({ default: 20 })
 * })
 * const env = loadEnv(schema) // env.PORT: number, env.REDIS_URL: string | undefined
 */
export const serviceEnv = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', description: 'the address to listen on' }),
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65535,
    description: 'the port to listen on; 0 takes a free one'
  }),
  INSTANCE: Type.Optional(
    Type.String({
      pattern: '^[\\w.-]{1,64}$',
      description: 'name of this process in logs and Cache-Status'
    })
  ),
  LOG_LEVEL: Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    default: 'info'
  }),
  ACCESS_LOG: Type.Boolean({
    default: false,
    description: 'true: a log line for each request, regardless of LOG_LEVEL'
  }),
  REDIS_URL: Type.Optional(
    Type.String({
      format: 'redis-url',
      description: 'URL of the shared Redis, such as redis://127.0.0.1:6379'
    })
  ),
  REDIS_COMMAND_TIMEOUT: Type.Integer({
    minimum: 1,
    maximum: 60_000,
    default: 100,
    description: 'milliseconds that Redis may take to answer before a request continues without it'
  }),
  DATA_DIR: Type.String({ default: '.data', description: 'folder for the files of the service' }),
  DRAIN_MS: Type.Integer({
    minimum: 0,
    maximum: 300_000,
    default: 0,
    description:
      'milliseconds in which the service still answers after SIGTERM: the time that load ' +
      'balancers need to notice that it is not ready any more'
  }),
  MAX_EVENT_LOOP_DELAY: Type.Integer({
    minimum: 0,
    maximum: 60_000,
    default: 1000,
    description:
      'delay of the event loop, in ms, from which a service answers 503; 0 disables the check'
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({
      format: 'readable-url',
      description: 'where spans are sent by OTLP over HTTP, such as http://127.0.0.1:4318'
    })
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: Type.Enum(['http/json'], {
    default: 'http/json',
    description: 'the only protocol; collectors accept it on the port of http/protobuf'
  }),
  OTEL_SDK_DISABLED: Type.Boolean({ default: false, description: 'true: nothing is traced' }),
  OTEL_SERVICE_NAME: Type.Optional(
    Type.String({ description: 'name of the service in traces; default: its own' })
  ),
  OTEL_TRACES_SAMPLER: Type.Enum(
    [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio'
    ],
    { default: 'parentbased_always_on', description: 'which traces are recorded' }
  ),
  OTEL_TRACES_SAMPLER_ARG: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 1,
    description: 'share of the traces that a sampler with `ratio` in its name records'
  }),
  TRUST_PROXY: Type.Optional(
    Type.String({
      format: 'trusted-proxies',
      description:
        'the proxies whose X-Forwarded-For counts: addresses or ranges such as 10.0.0.0/8, separated by commas. ' +
        'Fastify ignores a number, and true would let every client choose its own address'
    })
  )
})

/** Type of the values of {@link serviceEnv}; a service's own environment extends it. */
export type ServiceEnv = Static<typeof serviceEnv>

/**
 * Reads and validates the environment, once, at the start. An empty variable counts as unset, and
 * numbers are written as in JSON and finite. The format `readable-url` is text that `new URL`
 * accepts, and `addresses` a list of addresses and ranges. Throws WEIR_ERR_ENV, which names every
 * invalid variable and never shows a value: it may be a password.
 */
export function loadEnv<Schema extends TObject> (
  schema: Schema,
  data: Readonly<Record<string, string | undefined>> = process.env
): Static<Schema> {
  try {
    return envSchema<Static<Schema>>({
      // env-schema changes the schema that it gets.
      schema: { ...schema },
      data: Object.fromEntries(
        Object.entries(data).filter(([, value]) => value !== undefined && value !== '')
      ),
      env: false,
      ajv: {
        customOptions (ajv) {
          Object.assign(ajv.opts.code, numbersAsInJson)
          return ajv
            .addFormat('addresses', { type: 'string', validate: areAddresses })
            .addFormat('trusted-proxies', { type: 'string', validate: areProxies })
            .addFormat('readable-url', {
              type: 'string',
              validate: (url: string) => URL.canParse(url)
            })
            .addFormat('redis-url', {
              type: 'string',
              validate: (url: string) => redisUrlProblem(url) === undefined
            })
        }
      }
    })
  } catch (error) {
    if (!isValidationError(error)) throw error
    const problems = fieldErrors(error.errors, 'the environment').map(({ field, message }) => {
      const hint: unknown =
        schema.properties[field] !== undefined && 'description' in schema.properties[field]
          ? schema.properties[field].description
          : undefined
      const problem = field === 'REDIS_URL' ? redisUrlProblem(data[field] ?? '') : undefined
      return `${field} ${problem === undefined ? message : `is not the URL of a Redis: ${problem}`}${typeof hint === 'string' ? ` (${hint})` : ''}`
    })
    throw new WEIR_ERR_ENV(problems.join('; '))
  }
}

function areAddresses (list: string): boolean {
  try {
    addressList(listed(list))
    return true
  } catch {
    return false
  }
}

/**
 * Returns the name of this instance: INSTANCE, or the service and its port, such as `catalog-4101`.
 * If it is reachable from other machines, where instances may have the same port, its name includes
 * that of the machine or container: `catalog-1f3c9a2b7d21-4101`.
 */
export function instanceName (env: ServiceEnv, service: string): string {
  if (env.INSTANCE !== undefined) return env.INSTANCE
  if (loopback.includes(env.HOST)) return `${service}-${env.PORT}`
  const [machine = ''] = hostname().split('.', 1)
  return `${service}-${machine}-${env.PORT}`
}

/**
 * Returns the options of `@weir/fastify/telemetry` for a service.
 *
 * @example
 * const options = telemetryOf(env, { service: 'catalog', version: '1.0.0' })
 * await app.register(telemetry, options)
 */
export const telemetryOf = (
  env: ServiceEnv,
  { service, version }: { readonly service: string, readonly version: string }
): TelemetryOptions => ({
  service,
  version,
  instance: instanceName(env, service),
  endpoint: env.OTEL_SDK_DISABLED ? undefined : env.OTEL_EXPORTER_OTLP_ENDPOINT
})

const loopback: readonly string[] = ['127.0.0.1', '::1', 'localhost']

/**
 * Returns whether a list is valid for Fastify's `trustProxy`: addresses and ranges. A range of all
 * addresses would trust every client.
 */
function areProxies (list: string): boolean {
  return list.split(',').every((entry) => {
    const [address = '', prefix, ...rest] = entry.trim().split('/')
    if (['loopback', 'linklocal', 'uniquelocal'].includes(address)) return prefix === undefined
    const version = isIP(address)
    if (version === 0 || rest.length > 0) return false
    return (
      prefix === undefined ||
      (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
    )
  })
}

/** Describes without the value why a URL is invalid; undefined if it is valid. */
function redisUrlProblem (url: string): string | undefined {
  try {
    parseRedisUrl(url)
    return undefined
  } catch (error) {
    return error instanceof RedisError ? error.detail : String(error)
  }
}

function isValidationError (error: unknown): error is Error & { errors: Violation[] } {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
}
