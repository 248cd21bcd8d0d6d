import { parseArgs } from 'node:util'

export const usage = `Usage: npm run catalog:import -- FILE [--database DATABASE]

Imports products from FILE into the catalog: all of them, or none if one row is bad.

  FILE             .csv with a header row, or .ndjson / .jsonl with one JSON object a line
  --database DATABASE  the catalog's database, which exists: a file, or
                       postgres://user:password@host:5432/database
                   (default: DATABASE_URL, or catalog.db in DATA_DIR, which is .data by default)
  --help           this text

Fields: sku, name, category (its slug), price (minor units: 1299 for 12.99);
        description, currency (EUR), stock may be left out.
A product whose sku is there already is updated; fields left out keep their values.
`

export type Arguments =
  | { readonly kind: 'import', readonly file: string, readonly database: string | undefined }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong', readonly problem: string }

/** Parses the command line, without the program's own name. */
export function parseArguments (args: readonly string[]): Arguments {
  try {
    const { values: { help, database }, positionals: [file, ...more] } = parseArgs({
      args: [...args],
      options: { database: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true
    })
    if (help) return { kind: 'help' }
    if (file === undefined) return { kind: 'wrong', problem: 'FILE is missing.' }
    if (more.length > 0) {
      return { kind: 'wrong', problem: `One FILE at a time: ${more.join(' ')} is too much.` }
    }
    if (database === '') return { kind: 'wrong', problem: '--database needs a path.' }
    return { kind: 'import', file, database }
  } catch (error) {
    return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) }
  }
}
