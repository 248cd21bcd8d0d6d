import type { ListedKey } from '@weir/cache'
import { isKeyState, KEY_STATES, type KeyFilter, stateOf } from '../keys/filter.js'
import { nameOf } from '../keys/response-key.js'
import { type Io, UsageError } from './command.js'
import { define, printJson, REDIS, wholeNumber } from './define.js'
import { age, bytes, printable, table } from './table.js'
import { withEntries } from './with-entries.js'

/** `weir keys`: lists the keys of a cache. */
export const keys = define({
  name: 'keys',
  summary: 'List the keys of a cache',
  usage: `[options]

  --namespace N     the cache; default responses
  --route TEXT      part of the URL, of the route or of the key
  --tag T           entries that carry the tag
  --state S         ${KEY_STATES.join(', ')}
  --filled-by NAME  entries that this instance has computed
  --min-bytes N     entries of at least so many bytes
  --limit N         keys to list, about; default 100
  --cursor C        go on where a listing stopped
  --redis URL       default REDIS_URL
  --prefix P        of the store; default weir
  --json            for scripts`,
  options: {
    ...REDIS,
    namespace: { type: 'string' },
    route: { type: 'string' },
    tag: { type: 'string' },
    state: { type: 'string' },
    'filled-by': { type: 'string' },
    'min-bytes': { type: 'string' },
    limit: { type: 'string' },
    cursor: { type: 'string' }
  },
  async run (given, io) {
    const namespace = given.text('namespace') ?? 'responses'
    const state = given.text('state')
    if (state !== undefined && !isKeyState(state)) {
      throw new UsageError(`--state ${state} is none of ${KEY_STATES.join(', ')}`)
    }
    const filter: KeyFilter = {
      state,
      route: given.text('route'),
      tag: given.text('tag'),
      filledBy: given.text('filled-by'),
      minBytes: wholeNumber(given, 'min-bytes', 0)
    }
    const limit = wholeNumber(given, 'limit', 100)
    const found: ListedKey[] = []
    const cursor = await withEntries(given, io, async (entries) => {
      let from = given.text('cursor')
      do {
        const left = { cursor: from, limit: Math.min(200, limit - found.length) }
        const page = await entries.list(namespace, filter, left)
        found.push(...page.keys)
        from = page.cursor
      } while (from !== undefined && found.length < limit && !io.signal.aborted)
      return from
    })
    const now = Date.now()
    if (given.flag('json')) {
      const told = found.map((one) => ({ ...visible(one), state: stateOf(one, now) }))
      printJson(io, { namespace, keys: told, cursor: cursor ?? null })
      return 0
    }
    io.stdout.write(found.length === 0 ? `No keys in ${namespace}.\n` : tableOf(found, now, io))
    if (cursor !== undefined) io.stdout.write(`\nThere are more: --cursor ${cursor}\n`)
    return 0
  }
})

const tableOf = (found: readonly ListedKey[], now: number, { columns }: Io) =>
  table(
    ['STATE', 'SIZE', 'AGE', 'FILLED BY', 'KEY', 'TAGS'],
    found.map((one) => [
      stateOf(one, now),
      bytes(one.bytes),
      one.entry === undefined ? '-' : age(now - one.entry.storedAt),
      printable(one.entry?.filledBy || '-'),
      printable(nameOf(one.key)?.url ?? one.key),
      printable(visibleTags(one.entry?.tags ?? []).join(' '))
    ]),
    [1, 2],
    columns
  )

const visible = (one: ListedKey): ListedKey =>
  one.entry === undefined
    ? one
    : { ...one, entry: { ...one.entry, tags: visibleTags(one.entry.tags) } }

// The cache reserves tags that name keys or URIs for itself.
const visibleTags = (tags: readonly string[]) => tags.filter((tag) => !tag.startsWith('\u0001'))
