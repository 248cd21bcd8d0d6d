import auth from '@fastify/auth'
import basicAuth from '@fastify/basic-auth'
import bearerAuth from '@fastify/bearer-auth'
import jwt from '@fastify/jwt'
import { fastifyOauth2 as oauth2 } from '@fastify/oauth2'
import { createHmac } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Kit, Subject } from '../subject.js'

const SECRET = 'a secret that is fixed'
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token that is the same in each run: it contains no creation time. */
function tokenOf (user: string, secret: string): string {
  const text = `${base64({ alg: 'HS256', typ: 'JWT' })}.${base64({ user })}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** A route for users whom the guard admits, which returns their names. */
function account (
  app: FastifyInstance,
  { state }: Kit,
  guard: NonNullable<Subject['guard']>
): void {
  app.get(
    '/account',
    { ...guard(app), config: { cache: { ttl: '1m', tags: ['item:1'] } } },
    async (request) => ({
      user: request.user ?? null,
      sent: request.headers.authorization ?? null,
      version: state.version('1')
    })
  )
}

const targets = [{ path: '/account', isCached: true, isStored: false }] as const

const verified: NonNullable<Subject['guard']> = () => ({
  preHandler: async (request) => {
    await request.jwtVerify()
  }
})

/** `@fastify/jwt`: tokens, one with a wrong signature. */
export const jwts: Subject = {
  name: 'jwt',
  async plugins (app) {
    await app.register(jwt, { secret: SECRET })
  },
  guard: verified,
  routes (app, kit) {
    account(app, kit, verified)
    app.get(
      '/optional',
      {
        preHandler: async (request) => {
          await request.jwtVerify().catch(() => {})
        },
        config: { cache: { ttl: '1m', tags: ['item:1'] } }
      },
      async (request) => ({ user: request.user ?? null, version: kit.state.version('1') })
    )
  },
  targets: [...targets, { path: '/optional', isCached: true }],
  authorization: (user) => `Bearer ${tokenOf(user, user === 'cleo' ? SECRET : 'another')}`
}

const basic: NonNullable<Subject['guard']> = (app) => ({ onRequest: app.basicAuth })

/** `@fastify/basic-auth`: names and passwords, one wrong. */
export const basicAuths: Subject = {
  name: 'basic-auth',
  async plugins (app) {
    await app.register(basicAuth, {
      validate: async (user, password) => {
        if (password !== `${user}'s password`) throw new Error('wrong password')
      },
      authenticate: { realm: 'Shop' }
    })
  },
  guard: basic,
  routes (app, kit) {
    account(app, kit, basic)
  },
  targets,
  authorization: (user) =>
    `Basic ${Buffer.from(`${user}:${user === 'cleo' ? user : 'somebody'}'s password`).toString('base64')}`
}

const bearer: NonNullable<Subject['guard']> = (app) => ({
  ...(app.verifyBearerAuth !== undefined && { preValidation: app.verifyBearerAuth })
})

/** `@fastify/bearer-auth`: keys, one unknown. */
export const bearerAuths: Subject = {
  name: 'bearer-auth',
  async plugins (app) {
    await app.register(bearerAuth, { keys: new Set(['cleo']), addHook: false })
  },
  guard: bearer,
  routes (app, kit) { account(app, kit, bearer) },
  targets
}

const either: NonNullable<Subject['guard']> = (app) => ({
  preValidation: app.auth([
    async (request) => {
      if (request.headers['x-api-key'] !== 'emil') throw new Error('no such key')
    },
    async (request) => {
      if (!String(request.headers.cookie).includes('user=anna')) throw new Error('not anna')
    }
  ])
})

/** `@fastify/auth`: one of several means of access. */
export const auths: Subject = {
  name: 'auth',
  async plugins (app) {
    await app.register(auth)
  },
  guard: either,
  routes (app, kit) { account(app, kit, either) },
  targets
}

/** `@fastify/oauth2`: a redirect to a login elsewhere. */
export const oauth2s: Subject = {
  name: 'oauth2',
  async plugins (app) {
    await app.register(oauth2, {
      name: 'github',
      scope: ['user'],
      credentials: { client: { id: 'id', secret: 'secret' }, auth: oauth2.GITHUB_CONFIGURATION },
      startRedirectPath: '/login/github',
      callbackUri: 'http://shop.test/login/github/callback',
      generateStateFunction: () => 'state',
      checkStateFunction: () => true
    })
  },
  targets: [{ path: '/login/github', isCached: false }]
}
