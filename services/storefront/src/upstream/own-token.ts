import { type FastifyInstance } from 'fastify'
import { type StorefrontEnv } from '../env.js'

/**
 * Seconds for which a token is used, and for which it is good. Both by the wall clock, which goes
 * on while a machine sleeps.
 */
const USED = 600
const GOOD = 900

/**
 * The Authorization by which the storefront tells other services who it is, so that they do not
 * take its many fills for those of one client. Undefined without JWT_SECRET.
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
