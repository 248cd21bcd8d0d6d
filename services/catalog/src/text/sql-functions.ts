import { type Database } from 'better-sqlite3'
import { searchWords } from './search-words.js'
import { sortKey } from './sort-key.js'

/**
 * Gives a connection the functions that the triggers of the products call. Only a connection that
 * writes products needs them; without them SQLite refuses the write, so that nothing gets out of
 * step.
 */
export function addTextFunctions (database: Database): void {
  const options = { deterministic: true }
  database.function('sort_key', options, (name) => sortKey(String(name)))
  database.function('search_words', options, (text) => searchWords(String(text)))
}
