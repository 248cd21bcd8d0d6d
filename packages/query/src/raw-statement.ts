import { QueryError } from './errors.js'
import { readingsOf } from './sql-text.js'
import { codeMayWrite } from './words.js'

const READS = new Set(['select', 'values', 'table', 'with'])
/** Statements that change no rows of any table, some of which are not allowed in a transaction. */
const NEUTRAL = new Set([
  'analyze',
  'attach',
  'checkpoint',
  'comment',
  'deallocate',
  'detach',
  'discard',
  'explain',
  'listen',
  'lock',
  'notify',
  'pragma',
  'reindex',
  'reset',
  'set',
  'show',
  'unlisten',
  'vacuum'
])
const TRANSACTION = new Set([
  'abort',
  'begin',
  'commit',
  'end',
  'release',
  'rollback',
  'savepoint',
  'start'
])

/**
 * Reports whether raw SQL, of one or several statements, may have changed rows. Functions that
 * write are not detected.
 * @throws QueryError WEIR_QUERY_RAW_TRANSACTION
 */
export function rawMayWrite (sql: string): boolean {
  const readings = readingsOf(sql).map(({ code }) => statementsOf(code))
  const words = readings.map((statements) =>
    statements.map(wordOf).find((word) => TRANSACTION.has(word))
  )
  // One database may read the word as part of a text that the other does not support: a dollar
  // quote.
  if (words[0] !== undefined && !words.includes(undefined)) {
    throw new QueryError('WEIR_QUERY_RAW_TRANSACTION', words[0])
  }
  return readings.some((statements) => statements.some(statementMayWrite))
}

/** Reports whether raw SQL is a single statement that reads. */
export function isRawQuery (sql: string): boolean {
  return readingsOf(sql).some(({ code }) => {
    const [only, ...others] = statementsOf(code)
    return only !== undefined && others.length === 0 && READS.has(wordOf(only))
  })
}

function statementMayWrite (statement: string): boolean {
  const word = wordOf(statement)
  if (READS.has(word) || (word === 'explain' && /\banalyze\b/i.test(statement))) {
    return codeMayWrite(statement)
  }
  return !NEUTRAL.has(word)
}

function wordOf (statement: string): string {
  const [, word = '', next = ''] = /^[\s(]*([a-z]+)(?:\s+([a-z]+))?/i.exec(statement) ?? []
  // Two-phase commit: the transaction no longer belongs to the connection.
  return word.toLowerCase() === 'prepare' && next.toLowerCase() === 'transaction'
    ? 'commit'
    : word.toLowerCase()
}

const BODY = /^\s*create\b(?:\s+\w+)*?\s+(?:trigger|function|procedure)\b[^]*\bbegin\b/i

/** The body of a trigger or function is part of the statement that creates it. */
function statementsOf (code: string): string[] {
  const parts = code.split(';')
  const statements: string[] = []
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] ?? ''
    const end = BODY.test(part)
      ? parts.findIndex((each, place) => place > at && /^\s*end\b/i.test(each))
      : -1
    statements.push(part)
    if (end !== -1) at = end
  }
  return statements.filter((statement) => statement.trim() !== '')
}
