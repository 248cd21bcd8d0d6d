import { type Database } from 'better-sqlite3'
import { searchWords } from './search-words.js'
import { sortKey } from './sort-key.js'

/**
 * Adds the functions that the triggers of the products call to a connection. Only connections that
 * write products need them; without them SQLite refuses the write, so that keys and words always
 * match the products.
 */
export function addTextFunctions (database: Database): void {
  const options = { deterministic: true }
  database.function('sort_key', options, (name) => sortKey(String(name)))
  database.function('search_words', options, (text) => searchWords(String(text)))
}
