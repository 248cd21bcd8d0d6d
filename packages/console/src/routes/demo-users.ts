import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery, problems } from '@weir/fastify/service'
import { Type } from 'typebox'

/** A user that the console can send requests as. */
export interface DemoUser {
  readonly id: string
  /** A bearer token. */
  readonly token: string
}

export const DemoUsersSchema = Type.Object({
  users: Type.Array(Type.Object({ id: Type.String(), token: Type.String() }))
})

/** The users that the console can send requests as. */
export const demoUsersRoute: FastifyPluginAsyncTypebox<{ users: () => DemoUser[] }> = async (
  app,
  { users }
) => {
  app.get(
    '/api/stats/demo-users',
    {
      schema: {
        tags: ['stats'],
        summary: 'Demo users that any visitor may act as',
        description: 'Empty unless the option demoUsers of the console returns users.',
        querystring: NoQuery,
        response: { 200: DemoUsersSchema, ...problems }
      }
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store')
      return { users: users() }
    }
  )
}
