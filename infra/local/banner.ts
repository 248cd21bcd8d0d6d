import { relative } from 'node:path'
import { redact } from '@weir/internal'
import { type DemoTokens, exportLines } from './demo-tokens.js'
import { type Upstream } from './front-door.js'

/** The facts shown by the banner. */
export interface BannerFacts {
  readonly frontDoor: string
  readonly instances: readonly Upstream[]
  readonly redisUrl: string | undefined
  readonly dataDir: string
  readonly tokens: DemoTokens
  /** Code of the link that logs in to the console, if a service accepts one. */
  readonly loginCode?: string
  /** Further lines, each `labelled`. */
  readonly notes: readonly string[]
}

/**
 * Returns the text that `npm start` prints: addresses, the login link, tokens, and four requests
 * that show what Weir does.
 */
export function banner ({
  frontDoor,
  instances,
  redisUrl,
  dataDir,
  tokens,
  loginCode,
  notes
}: BannerFacts): string {
  const [first, second] = instances.map(({ url }) => url ?? '')
  const list = '/api/products?limit=2'
  const product = `${frontDoor}/api/products/1`
  const lines = [
    ...instances.map(({ name, url = '' }) => labelled(name, url)),
    labelled('store', store(redisUrl, dataDir)),
    labelled('console', `${frontDoor}/`),
    labelled('shop', `${frontDoor}/shop`),
    labelled('API docs', `${frontDoor}/docs`),
    ...notes
  ]
  return `
Weir is up: ${frontDoor}
${loginCode === undefined ? '' : loginText(`${frontDoor}/#login=${loginCode}`)}
${lines.map((line) => `  ${line}\n`).join('')}
Reads need no token, writes need the editor's. Demo tokens, valid for 12 hours at most:

${exportLines(tokens)}

Try these and read Cache-Status: a miss on one instance is a hit on the other, and reads never see the state before an acknowledged write.
RateLimit shows the rest of the fleet's 100 requests/s.

  a miss     curl -i '${first}${list}'
  a hit      curl -i '${second ?? first}${list}'
  a write    curl -X PATCH ${product} -H "authorization: Bearer $EDITOR_TOKEN" -H 'content-type: application/json' -d '{"price":1999}'; echo; curl -i ${product}
  a flood    curl -sZ -o /dev/null -w '%{http_code}\\n' '${product}#[1-1000]' 2>/dev/null | sort | uniq -c

Ctrl-C stops the suite.
`
}

const loginText = (url: string): string => `
Open the console as an admin (the link works once, within one hour):

  ${url}
`

/** A line of the banner: a label and its text. */
export const labelled = (label: string, text: string): string => `${label.padEnd(14)}${text}`

function store (redisUrl: string | undefined, dataDir: string): string {
  if (redisUrl === undefined) return `SQLite in ${nearest(dataDir)} (set REDIS_URL to use Redis)`
  return `Redis at ${redact(redisUrl)}`
}

/** The shorter form of a path: relative or absolute. */
function nearest (folder: string): string {
  const way = relative('.', folder)
  return way === '' || way.startsWith('..') ? folder : way
}
