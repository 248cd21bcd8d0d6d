import auth from '@weir/fastify/auth'
import { fastify } from 'fastify'

const JWT_SECRET = 'a secret of the tests, which is long enough'

/** Environment of the tests' instances: a secret, and no limits for this machine. */
export const access = { JWT_SECRET, RATE_LIMIT_ALLOW: '127.0.0.1' }

const signer = fastify()
await signer.register(auth, { jwt: [{ algorithm: 'HS256', secret: JWT_SECRET }] })

/** Returns the headers of a request with this role. */
export const as = (role: string, tier?: string) => ({
  authorization: `Bearer ${signer.jwt.HS256.sign({ sub: role, role, ...(tier !== undefined && { tier }) }, { expiresIn: '1h' })}`
})

export const editor = as('editor')
