import { fork } from 'node:child_process'
import auth, { type Role } from '@weir/fastify/auth'
import { fastify } from 'fastify'
import { type Test } from 'tap'
import { type Program, program } from './program.js'
import { PATIENT } from './patience.js'
import { programOf } from './programs-of-suite.js'

/** The secret that signs tokens in tests. */
export const JWT_SECRET = 'a secret of the tests, which is long enough'
const signer = fastify()
await signer.register(auth, { jwt: [{ algorithm: 'HS256', secret: JWT_SECRET }] })

/** A token of a user with this role, named like it. */
export const tokenOf = (role: Role) =>
  signer.jwt.HS256.sign({ sub: role, role }, { expiresIn: '1h' })

/** The headers of a write. */
export const asEditor = {
  authorization: `Bearer ${tokenOf('editor')}`,
  'content-type': 'application/json'
}

export interface CatalogOptions {
  /** Instances that share a data folder share the database and the SQLite store. */
  readonly dataDir: string
  /** The shared store; SQLite in `dataDir` by default. */
  readonly redisUrl?: string
  /** Name in Cache-Status. */
  readonly instance?: string
  readonly env?: Readonly<Record<string, string>>
}

/** One real instance of the catalog. */
export interface TestCatalog extends Program {
  readonly url: string
  readonly port: number
}

/** Starts an instance on a free port and resolves when it is ready; it ends with the test. */
export async function startCatalog (
  t: Test,
  { dataDir, redisUrl, instance = 'catalog-1', env }: CatalogOptions
): Promise<TestCatalog> {
  const { REDIS_URL: _, ...inherited } = process.env
  const child = fork(programOf('catalog'), [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...inherited,
      HOST: '127.0.0.1',
      PORT: '0',
      INSTANCE: instance,
      DATA_DIR: dataDir,
      LOG_LEVEL: 'warn',
      JWT_SECRET,
      // Limits must not affect tests about other things.
      RATE_LIMIT_ALLOW: '127.0.0.1',
      ...PATIENT,
      ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
      ...env
    }
  })
  const catalog = program(t, child)
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message) => {
      if (
        typeof message === 'object' &&
        message !== null &&
        'port' in message &&
        typeof message.port === 'number'
      ) { resolve(message.port) }
    })
    child.once('close', () => {
      reject(new Error(`${instance} ended before it was ready:\n${catalog.output()}`))
    })
  })
  return { ...catalog, port, url: `http://127.0.0.1:${port}` }
}
