import { type DemoUser } from '@weir/console'
import { type Role } from '@weir/fastify/auth'
import { type FastifyInstance } from 'fastify'
import { type StatsEnv } from './env.js'

/** A fixed set: with arbitrary user names, one client could claim any number of budgets. */
const USERS = ['alice', 'bob'] as const
const ROLES: readonly Role[] = ['reader', 'editor', 'admin']

const LIFETIME = '12h'

/**
 * Returns the readers that every visitor may act as, each with a new token. Empty unless DEMO_USERS
 * is true and JWT_SECRET is set.
 */
export function demoUsers (app: FastifyInstance, { DEMO_USERS, JWT_SECRET }: StatsEnv): DemoUser[] {
  if (!DEMO_USERS || JWT_SECRET === undefined) return []
  return USERS.map((id) => demoUser(app, id, 'reader'))
}

/** Returns one user per role, for a visitor with a login link. */
export const loginUsers = (app: FastifyInstance): DemoUser[] =>
  ROLES.map((role) => demoUser(app, `demo-${role}`, role))

const demoUser = (app: FastifyInstance, id: string, role: Role): DemoUser =>
  ({ id, token: app.jwt.HS256.sign({ sub: id, role }, { expiresIn: LIFETIME }) })
