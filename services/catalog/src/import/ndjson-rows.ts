import { ImportError, LONGEST_ROW } from './import-error.js'
import { type RawRow } from './raw-row.js'

/** Reads one JSON object per line. Blank lines are skipped. */
export async function * ndjsonRows (text: AsyncIterable<string>): AsyncGenerator<RawRow> {
  let line = 0
  for await (const json of lines(text)) {
    line += 1
    if (json.trim() !== '') yield parseRow(json, line)
  }
}

function parseRow (json: string, line: number): RawRow {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { line, value }
    return { line, problem: 'is not a JSON object: each line holds one product, {"sku": …}' }
  } catch (error) {
    return {
      line,
      problem: `is not JSON: ${error instanceof Error ? error.message : String(error)}`
    }
  }
}

async function * lines (text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  let count = 0
  for await (const piece of text) {
    const parts = (rest + piece).split('\n')
    rest = parts.pop() ?? ''
    count += parts.length
    yield * parts
    if (rest.length > LONGEST_ROW) {
      throw new ImportError(
        `Line ${count + 1} is longer than ${LONGEST_ROW} characters: each line holds one product.`
      )
    }
  }
  yield rest
}
