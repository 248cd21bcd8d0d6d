import { sql, type SqlBool } from 'kysely'
import { searchTerms, searchWords } from '../text/search-words.js'
import { sortKey } from '../text/sort-key.js'
import { type Engine } from './engine.js'

/** Longest word of a tsvector: 2,046 bytes, in characters of up to four. */
const LONGEST_WORD = 500

/**
 * Full-text search of Postgres over words that the catalog splits itself, as for SQLite. Each text
 * has its own words, so that a write sets those of the texts that it changes; a generated column
 * joins them.
 */
export const postgresEngine: Engine = {
  indexColumns: ['name_key', 'sku_words', 'name_words', 'description_words'],
  indexed: ({ sku, name, description }) => ({
    ...(sku !== undefined && { skuWords: vectorOf(sku) }),
    ...(name !== undefined && { nameKey: sortKey(name), nameWords: vectorOf(name) }),
    ...(typeof description === 'string' && { descriptionWords: vectorOf(description) })
  }),
  matches (search) {
    const terms = searchTerms(search)
    if (terms.length === 0) return sql<SqlBool>`false`
    const query = terms.map(({ words, isBeginning }) =>
      words.map((word) => `'${bounded(word)}'${isBeginning ? ':*' : ''}`).join(' <-> ')
    ).join(' & ')
    return sql<SqlBool>`products.words @@ ${query}::tsquery`
  },
  async lockProducts (transaction) {
    await sql`lock table products, categories in share row exclusive mode`.execute(transaction)
  }
}

/** Returns the words of a text with their positions. No word has a quote or a backslash. */
const vectorOf = (text: string): string =>
  searchWords(text)
    .split(' ')
    .filter((word) => word !== '')
    .map((word, index) => `'${bounded(word)}':${index + 1}`)
    .join(' ')

const bounded = (word: string): string =>
  word.length <= LONGEST_WORD ? word : Array.from(word).slice(0, LONGEST_WORD).join('')
