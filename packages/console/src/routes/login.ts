import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type RouteLimitOptions } from '@weir/fastify/rate-limit'
import { NoQuery, problems } from '@weir/fastify/service'
import { Type } from 'typebox'
import { useCode, type LoginOptions } from '../login/login.js'
import { type DemoUser, DemoUsersSchema } from './demo-users.js'

/** The limit of a client's guesses. */
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
  /** The users that a login yields. */
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
        summary: 'Tokens for the one-time code of a login link',
        description: 'npm start prints the link. A code works once, until it expires.',
        querystring: NoQuery,
        body: LoginBody,
        response: { 200: DemoUsersSchema, ...problems }
      },
      // @fastify/rate-limit would read it as its own options.
      config: app.hasDecorator('limitedClient') ? { rateLimit: loginLimit } : {}
    },
    async ({ body }, reply) => {
      await useCode(body.code, options, Date.now())
      reply.header('cache-control', 'no-store')
      return { users: users() }
    }
  )
}
