import { MetricsError } from '@weir/metrics'
import { askedUrl, askWhy, written } from '@weir/metrics/journal'
import { redisJournal } from '@weir/metrics/journal/redis'
import { shownWhy } from '../journal/shown.js'
import { UsageError } from './command.js'
import { define, Failure, printJson, REDIS, wholeNumber } from './define.js'
import { withRedis } from './redis.js'
import { printable } from './table.js'
import { timeIn, timeText } from './times.js'

/** `weir why URL`: explains why a client saw a version of a response. */
export const whyCommand = define({
  name: 'why',
  summary: 'Explain why a client saw a version of a response, from the journal',
  usage: `URL [options]

  URL            path and query, perhaps with scheme and host
  --client C     name of the client, such as user:alice; default any
  --at TIME      when it was seen: 14:03, 14:03:07, 5m for five minutes ago, or
                 2026-11-29T14:03:00Z; default now
  --within S     seconds before and after in which a request counts; default 30
  --namespace N  the response cache; default responses
  --redis URL    default REDIS_URL
  --prefix P     of the store; default weir
  --json         for scripts`,
  options: {
    ...REDIS,
    client: { type: 'string' },
    at: { type: 'string' },
    within: { type: 'string' },
    namespace: { type: 'string' }
  },
  positionals: { least: 1, most: 1 },
  async run (given, io) {
    const now = Date.now()
    const [url = ''] = given.positionals
    const namespace = given.text('namespace') ?? 'responses'
    if (!/^[\w.-]{1,100}$/.test(namespace)) {
      throw new UsageError(
        `--namespace ${namespace} is not a name: it has letters, digits, '.', '-' and '_'`)
    }
    if (given.text('client') === '') {
      throw new UsageError('--client is empty: give a name such as user:alice, or leave it out')
    }
    checkUrl(url)
    const asked = given.text('at')
    const question = {
      url,
      client: given.text('client'),
      at: asked === undefined ? now : timeIn(asked, now),
      within: wholeNumber(given, 'within', 30) * 1000
    }
    const answer = await withRedis(given, io, async (location) => {
      const store = redisJournal({ ...location, prefix: given.text('prefix') ?? 'weir' })
      try {
        const names = await store.namespaces()
        if (!names.includes(namespace)) {
          throw new Failure(
            `${namespace} has no journal: ${names.length === 0 ? 'register @weir/fastify/journal in your services' : `there are ${names.join(', ')}`}`,
            'WEIR_CLI_NO_JOURNAL'
          )
        }
        return shownWhy(await askWhy(store, namespace, question, now))
      } finally {
        await store.close()
      }
    })
    if (given.flag('json')) printJson(io, { namespace, ...question, ...answer })
    else io.stdout.write(textOf(answer))
    return 0
  }
})

/** @throws UsageError */
function checkUrl (url: string): void {
  try {
    askedUrl(url)
  } catch (error) {
    throw error instanceof MetricsError ? new UsageError(error.message) : error
  }
}

function textOf ({ conclusion, certain, gaps, timeline }: ReturnType<typeof shownWhy>): string {
  const line = (text: Parameters<typeof written>[0]) => printable(written(text, timeText))
  const steps = timeline.map(({ at, text, decisive }) =>
    `${decisive ? '*' : ' '} ${timeText(at)}  ${line(text)}`)
  return [
    line(conclusion),
    ...(certain ? [] : [`This may not be the whole story${gaps.length > 0 ? ': the journal is not complete there' : ''}.`]),
    ...gaps.map(({ text }) => `! ${line(text)}`),
    ...(steps.length === 0 ? [] : ['', ...steps])
  ].join('\n') + '\n'
}
