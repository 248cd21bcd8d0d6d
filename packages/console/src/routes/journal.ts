import { type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { NoQuery, problems } from '@weir/fastify/service'
import { MetricsError } from '@weir/metrics'
import { askWhy, gapsBetween, type JournalStore, searchJournal } from '@weir/metrics/journal'
import {
  CONSOLE_ERR_JOURNAL, CONSOLE_ERR_NO_JOURNAL, unusableQuestion, unusableRange
} from '../errors.js'
import { type Authorize, guard } from '../guard.js'
import { shownEvent, shownWhy } from '../journal/shown.js'
import {
  JournalQuery, JournalSchema, JournalsSchema, WhyQuery, WhySchema
} from './journal-schemas.js'

export interface JournalRoutesOptions {
  readonly authorize: Authorize
  /** The store of the journal. If undefined, the routes answer that there is none. */
  readonly store: JournalStore | undefined
}

const RANGE = 900_000
const LIMIT = 200

/**
 * The journal of responses, for clients that may inspect: GET /api/stats/journals lists the
 * namespaces, /api/stats/journal finds events, /api/stats/journal/why explains a response.
 */
export const journalRoutes: FastifyPluginAsyncTypebox<JournalRoutesOptions> = async (
  app,
  { authorize, store }
) => {
  const inspecting = { preParsing: guard(authorize, 'inspect') }

  app.get('/api/stats/journals', {
    ...inspecting,
    schema: {
      tags: ['stats'],
      summary: 'Namespaces that have a journal',
      querystring: NoQuery,
      response: { 200: JournalsSchema, ...problems }
    }
  }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return asked(store, async (store) => {
      const namespaces = await store.namespaces()
      const runs = await Promise.all(namespaces.map((name) => store.coverage(name)))
      const instances = new Set(runs.flatMap(({ runs }) => runs.map(({ instance }) => instance)))
      return { namespaces, instances: instances.size }
    })
  })

  app.get('/api/stats/journal', {
    ...inspecting,
    schema: {
      tags: ['stats'],
      summary: 'Events of the journal',
      description:
        'Who filled which response for which request, which write invalidated it, and which ' +
        'version each request was served.',
      querystring: JournalQuery,
      response: { 200: JournalSchema, ...problems }
    }
  }, async ({ query }, reply) => {
    reply.header('cache-control', 'no-store')
    const now = Date.now()
    const { namespace, to = now, from = Math.max(0, to - RANGE), limit: most = LIMIT } = query
    if (from >= to) throw unusableRange('from', 'must be before to')
    return asked(store, async (store) => {
      const [{ events, isComplete }, coverage] = await Promise.all([
        searchJournal(store, namespace, { from, to }, query, { most }),
        store.coverage(namespace)
      ])
      const gaps = gapsBetween(from, Math.min(to, now), coverage, events, now)
      return {
        namespace,
        events: events.map(shownEvent).reverse(),
        complete: isComplete,
        gaps: gaps.map(({ text, ...gap }) => ({ ...gap, text: [...text] }))
      }
    })
  })

  app.get('/api/stats/journal/why', {
    ...inspecting,
    schema: {
      tags: ['stats'],
      summary: 'Why a client saw a version of a response',
      querystring: WhyQuery,
      response: { 200: WhySchema, ...problems }
    }
  }, async ({ query }, reply) => {
    reply.header('cache-control', 'no-store')
    const now = Date.now()
    const { namespace, url, at = now, client, within = 30_000 } = query
    return asked(store, async (store) => ({
      namespace,
      url,
      at,
      ...shownWhy(await askWhy(store, namespace, { url, client, at, within }, now))
    }))
  })
}

/** Calls the store and maps its errors to a status. */
async function asked<R> (
  store: JournalStore | undefined,
  ask: (store: JournalStore) => Promise<R>
): Promise<R> {
  if (store === undefined) throw new CONSOLE_ERR_NO_JOURNAL()
  try {
    return await ask(store)
  } catch (error) {
    if (error instanceof MetricsError && error.code === 'WEIR_METRICS_INVALID_QUESTION') {
      throw unusableQuestion(error.message)
    }
    const reason = error instanceof Error ? error.message : String(error)
    throw Object.assign(new CONSOLE_ERR_JOURNAL(reason), { cause: error })
  }
}
