import type { ScanReply } from '@weir/redis'
import { CacheError, shown } from '../../errors.js'
import { HEAD_BYTES, headLength, MOST_HEAD_BYTES } from '../../frame-head.js'
import type { FoundNamespaces, ScanPage } from '../../store.js'
import type { Commands } from './commands.js'

// Steps of SCAN for one page at most: a namespace may have few of a server's keys.
const STEPS = 20
// Keys that a step looks at, whatever is left of the page.
const LEAST = 10

/**
 * One page of the names that begin and end so, with the first bytes of their values. Redis is busy
 * with each command for as long as it takes to look at `limit` keys.
 *
 * A cursor is that of SCAN; in a cluster with the master it is of, all of which follow each other.
 * Slots that move meanwhile may move past the scan.
 */
export async function scanPage (
  commands: Commands,
  { start, end }: { readonly start: string; readonly end: string },
  given: string | undefined,
  limit: number
): Promise<ScanPage> {
  const { keyPrefix } = commands.connection
  const pattern = `${escaped(keyPrefix + start)}*${escaped(end)}`
  const masters = commands.connection.masters()
  const keys = new Set<string>()
  let position: Position | undefined = positionOf(given, masters)
  for (let steps = 0; steps < STEPS && keys.size < limit && position !== undefined; steps++) {
    const { master, cursor }: Position = position
    const count = Math.max(LEAST, limit - keys.size)
    const reply: ScanReply = await commands.scan(master, { cursor, pattern, count })
    for (const name of reply.names) {
      keys.add(name.slice((keyPrefix + start).length, name.length - end.length))
    }
    position = reply.cursor === '0'
      ? firstOf(masters.slice(masters.indexOf(master) + 1))
      : { master, cursor: reply.cursor }
  }
  const heads = await Promise.all(
    [...keys].map(async (key) => ({ key, head: await headOf(commands, start + key + end) }))
  )
  return {
    frames: heads.filter(({ head }) => head.length > 0),
    cursor: position && textOf(position)
  }
}

// Steps of SCAN that look for namespaces at most, and keys that each looks at.
const NAMESPACE_STEPS = 100
const NAMESPACE_COUNT = 1000

/** The namespaces that the first 100,000 keys of all masters belong to. */
export async function scanNamespaces (
  commands: Commands,
  prefix: string
): Promise<FoundNamespaces> {
  const { keyPrefix } = commands.connection
  const start = `${keyPrefix}${prefix}:`
  const masters = commands.connection.masters()
  const names = new Set<string>()
  let complete = true
  for (const master of masters) {
    let cursor = '0'
    let steps = Math.ceil(NAMESPACE_STEPS / masters.length)
    do {
      const step = { cursor, pattern: `${escaped(start)}*`, count: NAMESPACE_COUNT }
      const reply: ScanReply = await commands.scan(master, step)
      for (const name of reply.names) {
        const [, ofEntry, ofRecords] = NAMESPACE.exec(name.slice(start.length)) ?? []
        const namespace = ofEntry ?? ofRecords
        if (namespace !== undefined) names.add(namespace)
      }
      cursor = reply.cursor
    } while (cursor !== '0' && --steps > 0)
    if (cursor !== '0') complete = false
  }
  return { names: [...names].sort(), complete }
}

// Names of entries, and of the records of a namespace.
const NAMESPACE = /^(?:([\w.-]+):\{=|\{([\w.-]+)\}:tags$)/

interface Position {
  /** '' unless it is a cluster. */
  readonly master: string
  readonly cursor: string
}

const firstOf = ([master]: readonly string[]): Position | undefined =>
  master === undefined ? undefined : { master, cursor: '0' }

const textOf = ({ master, cursor }: Position) => master === '' ? cursor : `${cursor}@${master}`

function positionOf (given: string | undefined, masters: readonly string[]): Position {
  if (given === undefined) {
    const first = firstOf(masters)
    if (first !== undefined) return first
    throw new CacheError('WEIR_CACHE_STORE_FAILED', 'list keys: the cluster has no masters yet')
  }
  const [, cursor, master = ''] = /^(\d{1,20})(?:@(.+))?$/.exec(given) ?? []
  // One of a master that is none any more would leave out the rest of its keys.
  if (cursor === undefined || !masters.includes(master)) {
    throw new CacheError('WEIR_CACHE_INVALID_CURSOR', shown(given))
  }
  return { master, cursor }
}

/** The frame to the end of its tags, where those are not too long. */
async function headOf (commands: Commands, name: string): Promise<Buffer> {
  const head = await commands.head(name, HEAD_BYTES)
  const length = Math.min(headLength(head), MOST_HEAD_BYTES)
  return length <= HEAD_BYTES ? head : commands.head(name, length)
}

/** Text in a glob of Redis. */
const escaped = (text: string) => text.replace(/[*?[\]\\^]/g, '\\$&')
