import { type DemoUser } from '@weir/console'
import { type Role } from '@weir/fastify/auth'
import { type FastifyInstance } from 'fastify'
import { type StatsEnv } from './env.js'

/** Always the same two: with any number of users, a client would have any number of budgets. */
const USERS = ['alice', 'bob'] as const
const ROLES: readonly Role[] = ['reader', 'editor', 'admin']

const LIFETIME = '12h'

/**
 * The readers that every visitor may be, each with a new token; none unless DEMO_USERS is true and
 * there is a JWT_SECRET.
 */
export function demoUsers (app: FastifyInstance, { DEMO_USERS, JWT_SECRET }: StatsEnv): DemoUser[] {
  if (!DEMO_USERS || JWT_SECRET === undefined) return []
  return USERS.map((id) => demoUser(app, id, 'reader'))
}

/** A user of each role, for a visitor with a login link. */
export const loginUsers = (app: FastifyInstance): DemoUser[] =>
  ROLES.map((role) => demoUser(app, `demo-${role}`, role))

const demoUser = (app: FastifyInstance, id: string, role: Role): DemoUser =>
  ({ id, token: app.jwt.HS256.sign({ sub: id, role }, { expiresIn: LIFETIME }) })
