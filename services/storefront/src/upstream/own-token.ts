import { type FastifyInstance } from 'fastify'
import { type StorefrontEnv } from '../env.js'

/**
 * Seconds for which a token is used, and for which it is valid. Both follow the wall clock, which
 * continues while a machine sleeps.
 */
const USED = 600
const GOOD = 900

/**
 * Returns the Authorization that identifies the storefront to other services, so that they do not
 * attribute its many fills to one client. Undefined without JWT_SECRET.
 */
export function ownToken (
  app: FastifyInstance,
  { JWT_SECRET }: StorefrontEnv
): () => string | undefined {
  let token = { value: '', madeAt: -Infinity }
  return () => {
    if (JWT_SECRET === undefined) return undefined
    const age = Date.now() / 1000 - token.madeAt
    if (age > USED || age < 0) {
      token = {
        value: `Bearer ${app.jwt.HS256.sign({ sub: 'storefront', tier: 'pro' }, { expiresIn: GOOD })}`,
        madeAt: Date.now() / 1000
      }
    }
    return token.value
  }
}
