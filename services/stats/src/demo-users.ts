import { type FastifyInstance } from 'fastify'
import { type StatsEnv } from './env.js'

/** Two, and always the same: who could be anybody would have any number of budgets. */
const USERS = ['alice', 'bob'] as const

const LIFETIME = '12h'

export interface DemoUser {
  readonly id: string
  readonly token: string
}

/** The users that anybody may be, each with a new token; none where that is not allowed, or nobody could tell whose token it is. */
export function demoUsers (app: FastifyInstance, { DEMO_USERS, JWT_SECRET }: StatsEnv): DemoUser[] {
  if (!DEMO_USERS || JWT_SECRET === undefined) return []
  return USERS.map((id) => ({ id, token: app.jwt.HS256.sign({ sub: id, role: 'reader' }, { expiresIn: LIFETIME }) }))
}
