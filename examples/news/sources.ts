import { setTimeout } from 'node:timers/promises'
import Fastify from 'fastify'

/** Milliseconds that each newspaper takes to answer. */
const SOURCES: Readonly<Record<string, number>> = { world: 200, sport: 400, science: 800 }

export interface Article {
  readonly id: string
  readonly title: string
}

/** Newspapers that are down. */
export const down = new Set<string>()
export const names = Object.keys(SOURCES)

/** Stands for real newspapers: slow, and down on command. */
export const newspapers = Fastify()

newspapers.get<{ Params: { source: string } }>('/feeds/:source', async ({ params }, reply) => {
  const { source } = params
  await setTimeout(SOURCES[source])
  if (down.has(source)) return reply.code(503).send()
  return [`The latest in ${source}`, `More ${source}`]
})

newspapers.get<{ Querystring: { ids: string } }>('/articles', async ({ query }) => {
  await setTimeout(300)
  return query.ids.split(',').map((id): Article => ({ id, title: `Article ${id}` }))
})
