import { pipeline, Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { ImportError, LONGEST_ROW } from './import-error.js'
import { isImportField, type ImportField, requiredFields } from './import-row.js'
import { type RawRow } from './raw-row.js'

/**
 * Columns whose cells are converted to numbers if possible; otherwise the row's check reports them.
 */
const numeric = new Set<ImportField>(['price', 'stock'])

/**
 * Reads a header row, then one product per row (RFC 4180). An empty cell is an omitted field; blank
 * lines are skipped.
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
      throw new ImportError(`The header row has an unknown column: "${name}"`)
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
  // Errors of both streams surface in the parser, which is read below.
  pipeline(Readable.from(text), parser, () => {})
  const rows: AsyncIterable<string[]> = parser
  let line = 1
  try {
    for await (const cells of rows) {
      if (cells.length > 1 || cells[0] !== '') yield { line, cells }
      // Lines are counted here: the parser counts a CRLF inside quotes twice.
      line +=
        1 + cells.reduce((breaks, text) => breaks + (text.match(/\r\n|\n|\r/g)?.length ?? 0), 0)
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new ImportError(`The file is not valid CSV from here: ${error.message}`, { cause: error })
  }
}
