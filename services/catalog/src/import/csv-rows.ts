import { pipeline, Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { ImportError, LONGEST_ROW } from './import-error.js'
import { isImportField, type ImportField, requiredFields } from './import-row.js'
import { type RawRow } from './raw-row.js'

/**
 * Columns whose cells are numbers where they look like one; where they do not, the row's check says
 * so.
 */
const numeric = new Set<ImportField>(['price', 'stock'])

/**
 * A header row, then one product a row (RFC 4180). An empty cell is a field left out; blank lines
 * are passed over.
 */
export async function * csvRows (text: AsyncIterable<string>): AsyncGenerator<RawRow> {
  let header: ImportField[] | undefined
  for await (const { line, cells } of records(text)) {
    if (header === undefined) {
      header = parseHeader(cells)
    } else if (cells.length !== header.length) {
      yield { line, problem: `has ${cells.length} cells, the header has ${header.length}: a text with a comma goes in double quotes` }
    } else {
      yield { line, value: Object.fromEntries(header.flatMap((field, index) => cell(field, cells[index] ?? ''))) }
    }
  }
  if (header === undefined) {
    throw new ImportError(
      'The file is empty: a CSV file begins with a header row, sku,name,category,price.'
    )
  }
}

function cell (field: ImportField, text: string): [ImportField, string | number][] {
  if (text === '') return []
  return [[field, numeric.has(field) && /^-?\d+$/.test(text.trim()) ? Number(text) : text]]
}

function parseHeader (cells: readonly string[]): ImportField[] {
  const names = cells.map((name) => name.trim())
  const missing = requiredFields.filter((field) => !names.includes(field))
  if (missing.length > 0) {
    throw new ImportError(
      `The header row lacks ${missing.join(', ')}. It names the columns, separated by commas; found: ${names.join(' | ')}`
    )
  }
  return names.map((name, index) => {
    if (!isImportField(name)) {
      throw new ImportError(`The header row has a column that a product has not: "${name}"`)
    }
    if (names.indexOf(name) !== index) {
      throw new ImportError(`The header row has the column "${name}" twice`)
    }
    return name
  })
}

async function * records (
  text: AsyncIterable<string>
): AsyncGenerator<{ line: number; cells: string[] }> {
  const parser = parse({
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    max_record_size: LONGEST_ROW
  })
  // Whatever goes wrong in either stream comes out of the parser, which is read below.
  pipeline(Readable.from(text), parser, () => {})
  const rows: AsyncIterable<string[]> = parser
  let line = 1
  try {
    for await (const cells of rows) {
      if (cells.length > 1 || cells[0] !== '') yield { line, cells }
      // Counted here: the parser takes a CRLF inside quotes for two lines.
      line +=
        1 + cells.reduce((breaks, text) => breaks + (text.match(/\r\n|\n|\r/g)?.length ?? 0), 0)
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new ImportError(`The file is not CSV from here on: ${error.message}`, { cause: error })
  }
}
