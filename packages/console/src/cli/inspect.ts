import { type Entries, type FoundEntry } from '../keys/entries.js'
import { stateOf } from '../keys/filter.js'
import { previewOf } from '../keys/preview.js'
import { nameOf } from '../keys/response-key.js'
import { define, Failure, printJson, REDIS } from './define.js'
import { age, bytes, printable } from './table.js'
import { withEntries } from './with-entries.js'

/** `weir inspect KEY`: shows one entry. */
export const inspect = define({
  name: 'inspect',
  summary: 'Show one entry: its state, tags, times and the beginning of its value',
  usage: `KEY [options]

  KEY            the key, or the URL of a stored response
  --namespace N  the cache; default responses
  --redis URL    default REDIS_URL
  --prefix P     of the store; default weir
  --json         for scripts`,
  options: { ...REDIS, namespace: { type: 'string' } },
  positionals: { least: 1, most: 1 },
  async run (given, io) {
    const [asked = ''] = given.positionals
    const namespace = given.text('namespace') ?? 'responses'
    const found = await withEntries(given, io, (entries) => find(entries, namespace, asked))
    if (found === undefined) {
      throw new Failure(
        `${namespace} has no entry under ${printable(asked)}: it has expired, or was evicted or deleted. weir keys lists those there are`,
        'WEIR_CLI_NO_ENTRY'
      )
    }
    const now = Date.now()
    const described = describe(found.key, found.entry, now)
    if (given.flag('json')) printJson(io, { namespace, ...described })
    else io.stdout.write(textOf(described, now))
    return 0
  }
})

interface Found {
  readonly key: string
  readonly entry: FoundEntry
}

/** Returns the entry of the key or, if no key matches, of the first response of the URL. */
async function find (
  entries: Entries,
  namespace: string,
  asked: string
): Promise<Found | undefined> {
  const exact = await entries.find(namespace, asked)
  if (exact !== undefined) return { key: asked, entry: exact }
  if (nameOf(asked) === undefined) return undefined
  let cursor: string | undefined
  do {
    const page = await entries.list(namespace, { route: asked }, { cursor, limit: 200 })
    const match = page.keys.find(({ key }) => nameOf(key)?.url === asked)
    const entry = match && await entries.find(namespace, match.key)
    if (match !== undefined && entry !== undefined) return { key: match.key, entry }
    cursor = page.cursor
  } while (cursor !== undefined)
  return undefined
}

function describe (key: string, found: FoundEntry, now: number) {
  const { entry, bytes, valid } = found
  const response = found.cache === 'response' ? found.entry.value : undefined
  return {
    key,
    state: stateOf({ entry, valid }, now),
    bytes,
    tags: entry?.tags.filter((tag) => !tag.startsWith('\u0001')) ?? [],
    storedAt: entry?.storedAt ?? null,
    freshUntil: entry?.freshUntil ?? null,
    staleUntil: entry?.staleUntil ?? null,
    filledBy: entry?.filledBy || null,
    costMs: entry === undefined ? null : entry.cost / 1000,
    response: response === undefined || response.isSignpost
      ? null
      : { status: response.status, headers: response.toHeaders() },
    preview: previewOf(found)
  }
}

function textOf (entry: ReturnType<typeof describe>, now: number): string {
  const { key, state, tags, storedAt, freshUntil, filledBy, costMs, response, preview } = entry
  const until = (time: number) =>
    time > now ? `for ${age(time - now)} more` : `until ${age(now - time)} ago`
  const lines = [
    ['key', printable(key)],
    ['state', state],
    ['size', bytes(entry.bytes)],
    ['tags', printable(tags.join(' ')) || '-'],
    ['stored', storedAt === null ? '-' : `${age(now - storedAt)} ago`],
    ['fresh', freshUntil === null ? '-' : until(freshUntil)],
    ['filled by', `${printable(filledBy ?? '-')}${costMs === null ? '' : `, in ${costMs} ms`}`],
    ...(response === null
      ? []
      : [
          ['status', String(response.status)],
          ...Object.entries(response.headers).map(
            ([name, value]) => [name, printable(String(value))]
          )
        ])
  ]
  const width = Math.max(...lines.map(([name = '']) => name.length))
  const head = lines.map(([name = '', value = '']) => `${name.padEnd(width)}  ${value}`).join('\n')
  const text = preview.text.split('\n').map(printable).join('\n')
  const body = preview.kind === 'unreadable' ? 'The serializer of the value is not known.' : text
  return `${head}\n\n${body}${preview.truncated ? ' …' : ''}\n`
}
