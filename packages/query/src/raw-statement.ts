import { QueryError } from './errors.js'
import { mayWrite } from './words.js'

const READS = new Set(['select', 'values', 'table', 'with'])
/** Statements that leave the rows of every table as they are, some of which a transaction refuses. */
const NEUTRAL = new Set([
  'analyze', 'attach', 'checkpoint', 'comment', 'deallocate', 'detach', 'discard', 'explain', 'listen', 'lock', 'notify', 'pragma',
  'reindex', 'reset', 'set', 'show', 'unlisten', 'vacuum'
])
const TRANSACTION = new Set(['abort', 'begin', 'commit', 'end', 'release', 'rollback', 'savepoint', 'start'])

/**
 * Whether a statement that is raw SQL may have changed rows. Functions that write are not seen.
 * @throws QueryError WEIR_QUERY_RAW_TRANSACTION
 */
export function rawMayWrite (sql: string): boolean {
  const word = /^(?:\s|\(|--[^\n]*\n|\/\*[^]*?\*\/)*([a-z]+)/i.exec(sql)?.[1]?.toLowerCase() ?? ''
  if (TRANSACTION.has(word)) throw new QueryError('WEIR_QUERY_RAW_TRANSACTION', word)
  const isOne = !/;\s*\S/.test(sql)
  if (isOne && READS.has(word)) return mayWrite(sql)
  if (word === 'explain' && /\banalyze\b/i.test(sql)) return mayWrite(sql)
  return !(isOne && NEUTRAL.has(word))
}
