import { relative } from 'node:path'
import { redact } from '@weir/internal'
import { type DemoTokens, exportLines } from './demo-tokens.js'
import { type Upstream } from './front-door.js'

/** What there is to tell once everything is up. */
export interface BannerFacts {
  readonly frontDoor: string
  readonly instances: readonly Upstream[]
  readonly redisUrl: string | undefined
  readonly dataDir: string
  readonly tokens: DemoTokens
  /** Further lines, each `labelled`. */
  readonly notes: readonly string[]
}

/** The few lines `npm start` prints: where things are, who one can be, and four requests that show what Weir does. */
export function banner ({ frontDoor, instances, redisUrl, dataDir, tokens, notes }: BannerFacts): string {
  const [first, second] = instances.map(({ url }) => url ?? '')
  const list = '/api/products?limit=2'
  const product = `${frontDoor}/api/products/1`
  const lines = [
    ...instances.map(({ name, url = '' }) => labelled(name, url)),
    labelled('store', store(redisUrl, dataDir)),
    labelled('console', `${frontDoor}/ shows live what the caches do`),
    labelled('shop', `${frontDoor}/shop`),
    labelled('API docs', `${first}/docs`),
    ...notes
  ]
  return `
Weir is up: ${frontDoor}

${lines.map((line) => `  ${line}\n`).join('')}
Anybody may read. Tokens to be somebody, until the suite ends or twelve hours are over; writing needs the editor's:

${exportLines(tokens)}

Try it and watch Cache-Status: a miss on one instance is a hit on the other, and a write is seen at once.
RateLimit says what is left of the 100 requests a second that all instances together allow.

  a miss     curl -i '${first}${list}'
  a hit      curl -i '${second ?? first}${list}'
  a write    curl -X PATCH ${product} -H "authorization: Bearer $EDITOR_TOKEN" -H 'content-type: application/json' -d '{"price":1999}'; echo; curl -i ${product}
  a flood    curl -sZ -o /dev/null -w '%{http_code}\\n' '${product}#[1-1000]' 2>/dev/null | sort | uniq -c

Ctrl-C ends it.
`
}

/** A line of the banner: a label and its text. */
export const labelled = (label: string, text: string): string => `${label.padEnd(14)}${text}`

function store (redisUrl: string | undefined, dataDir: string): string {
  if (redisUrl === undefined) return `SQLite in ${nearest(dataDir)} (set REDIS_URL to share a Redis)`
  return `Redis at ${redact(redisUrl)}`
}

/** The shorter way to say where the folder is. */
function nearest (folder: string): string {
  const way = relative('.', folder)
  return way === '' || way.startsWith('..') ? folder : way
}
