import { readingsOf } from './sql-text.js'

// SQL words used to classify raw fragments and function names.

/** Functions of SQLite and Postgres that read no table and depend only on their arguments. */
const FUNCTIONS = `abs any_value array_agg avg bit_and bit_or bool_and bool_or btrim cast ceil ceiling char_length coalesce concat
  concat_ws count cume_dist dense_rank every exists extract first_value floor greatest group_concat hex ifnull iif instr
  json_agg json_array json_array_length json_build_array json_build_object json_each json_extract json_group_array
  json_group_object json_object json_object_agg json_type json_valid jsonb_agg jsonb_array_length jsonb_build_array
  jsonb_build_object jsonb_object_agg lag last_value lead least left length lower lpad ltrim max md5 min mod ntile nth_value
  nullif octet_length percent_rank percentile_cont percentile_disc position power quote rank repeat replace reverse right round
  row_number row_to_json rpad rtrim sign split_part sqrt stddev string_agg strpos substr substring sum to_json to_jsonb total
  translate trim trunc unnest upper variance`

/** Words that name nothing. */
const KEYWORDS = `all and any as asc array between bigint boolean both by case char collate date decimal desc distinct double else end
  escape false filter first float in int integer interval is json jsonb last leading like ilike nocase not null nulls
  numeric or order over partition precision real rows row smallint some text then time timestamp timestamptz trailing true
  uuid varchar when within group unknown`

const listed = (words: string): Set<string> => new Set(words.split(/\s+/))
const functions = listed(FUNCTIONS)
const harmless = new Set([...functions, ...listed(KEYWORDS)])

/**
 * The raw SQL of Kysely's `jsonArrayFrom` and `jsonObjectFrom`; the query within is a separate
 * node.
 */
const HELPERS = new Set([
  '(select coalesce(json_group_array(json_object(?)), \'[]\') from ? as agg)',
  '(select json_object(?) from ? as obj)',
  '(select coalesce(json_agg(agg), \'[]\') from ? as agg)',
  '(select to_json(obj) from ? as obj)'
])

const LOCK = /\bfor\s+(?:no\s+key\s+)?(?:update|share)\b|\bfor\s+key\s+share\b/i

/** Text without any of these needs no closer look. */
const WRITE_WORD = /\b(?:insert|replace|merge|update|delete|truncate|create|alter|drop|call)\b/i

const WRITE =
  /\b(?:insert|replace|merge)\s+into\b|\binsert\s+or\b|(?<!\bfor\s+(?:no\s+key\s+)?)\bupdate\b|\bdelete\s+from\b|\b(?:truncate|create|alter|drop|call)\s/i

/** Reports whether a function is known to read no table and to be deterministic. */
export const isPure = (name: string): boolean => functions.has(name.toLowerCase())

/** Reports whether the text locks rows. */
export const locks = (text: string): boolean =>
  /\bfor\b/i.test(text) && readingsOf(text).some(({ code }) => LOCK.test(code))

/** Reports whether the text may write. */
export const mayWrite = (text: string): boolean =>
  WRITE_WORD.test(text) && readingsOf(text).some(({ code }) => WRITE.test(code))

/** Like `mayWrite`, for text without comments and quotes. */
export const codeMayWrite = (code: string): boolean => WRITE.test(code)

/**
 * Reports whether raw SQL, with a `?` for each node in it, names no table.
 *
 * It may contain only punctuation, numbers, texts and words from the lists.
 */
export function namesNoTable (text: string): boolean {
  return !text.includes('\\') && readingsOf(text).every(({ code }) => {
    const bare = code.replace(/'\d+'/g, ' ')
    // SQLite's `in` without parentheses reads a table, and a name before parentheses is a function.
    if (/["'`[\]$;#]|\?\s*\(|\bin\b(?!\s*[(?])/i.test(bare)) return false
    return (bare.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []).every((word) =>
      harmless.has(word.toLowerCase())
    )
  })
}

/** Reports whether raw SQL belongs to Kysely's `jsonArrayFrom` and similar helpers. */
export const isHelper = (text: string): boolean => HELPERS.has(text)

/**
 * Reports whether raw SQL in the place of a table contains only nodes: no words, and no call of
 * what a node names.
 */
export const isSourceOfNodes = (text: string): boolean =>
  /^[\s?(),.\d]*$/.test(text) && !/\?\s*[(?]/.test(text)
