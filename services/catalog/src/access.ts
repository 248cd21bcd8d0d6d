import { randomBytes } from 'node:crypto'
import auth, { type StoredApiKey } from '@weir/fastify/auth'
import { listed } from '@weir/fastify/service'
import { type FastifyContextConfig, type FastifyInstance } from 'fastify'
import { type CatalogEnv } from './env.js'
import { writeLimit } from './limits.js'

/** `config` of routes that write. */
export const forEditors = {
  role: 'editor',
  rateLimit: writeLimit
} as const satisfies FastifyContextConfig

/** Registers authentication: tokens signed with JWT_SECRET, and API_KEYS. */
export async function registerAccess (app: FastifyInstance, env: CatalogEnv): Promise<void> {
  if (env.JWT_SECRET === undefined) app.log.warn('JWT_SECRET is not set: no token is accepted')
  const secret = env.JWT_SECRET ?? randomBytes(32).toString('hex')
  const keys = new Map(listed(env.API_KEYS).map(parseKey))
  await app.register(auth, { jwt: [{ algorithm: 'HS256', secret }], apiKeys: (id) => keys.get(id) })
}

/** Parses `id:role:hash` or `id:role:tier:hash`; the environment has been validated. */
function parseKey (text: string): [id: string, key: StoredApiKey] {
  const [id = '', role, ...rest] = text.split(':')
  const [hash = '', tier] = rest.reverse()
  if (role !== 'reader' && role !== 'editor' && role !== 'admin') {
    throw new Error(`${id} has no role`)
  }
  return [id, { hash, user: { id: `key:${id}`, role, ...(tier !== undefined && { tier }) } }]
}
