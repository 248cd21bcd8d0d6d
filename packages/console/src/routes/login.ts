import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type RouteLimitOptions } from '@weir/fastify/rate-limit'
import { NoQuery, problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { useCode, type LoginOptions } from '../login/login.js'
import { type DemoUser, DemoUsersSchema } from './demo-users.js'

/** Rate limit for guesses of one client. */
const loginLimit = {
  group: 'logins',
  policies: [{ name: 'logins', limit: 10, window: '1m' }]
} as const satisfies RouteLimitOptions

const LoginBody = Type.Object(
  {
    code: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'The part of the login link after #login='
    })
  },
  { additionalProperties: false }
)

export interface LoginRouteOptions extends LoginOptions {
  /** The users that a login grants. */
  readonly users: () => DemoUser[]
}

/** Exchanges the one-time code of a login link for tokens. */
export const loginRoute: FastifyPluginAsyncTypebox<LoginRouteOptions> = async (
  app,
  { users, ...options }
) => {
  app.post(
    '/api/stats/login',
    {
      schema: {
        tags: ['stats'],
        summary: 'Exchange the one-time code of a login link for tokens',
        description: 'The link is printed when the console starts. A code works once and expires.',
        querystring: NoQuery,
        body: LoginBody,
        response: { 200: DemoUsersSchema, ...problems }
      },
      // @fastify/rate-limit would read this as its own options.
      config: app.hasDecorator('limitedClient') ? { rateLimit: loginLimit } : {}
    },
    async ({ body }, reply) => {
      await useCode(body.code, options, Date.now())
      reply.header('cache-control', 'no-store')
      return { users: users() }
    }
  )
}
