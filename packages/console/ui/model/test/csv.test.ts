import t from 'tap'
import { csvOf, fileName } from '../csv.js'

/** Parses a CSV file (RFC 4180) character by character. */
function parsed (text: string): string[][] {
  const rows: string[][] = []
  let [row, field, isQuoted]: [string[], string, boolean] = [[], '', false]
  for (let i = 0; i < text.length; i++) {
    const [one, next] = [text[i], text[i + 1]]
    if (isQuoted && one === '"' && next === '"') { field += '"'; i++ } else if (one === '"') {
      isQuoted = !isQuoted
    } else if (!isQuoted && one === ',') { row.push(field); field = '' } else if (
      !isQuoted && one === '\r' && next === '\n'
    ) {
      rows.push([...row, field])
      ;[row, field] = [[], '']
      i++
    } else field += one
  }
  return rows
}

t.test('what is written is read again', async (t) => {
  const pieces = ['a', ',', '"', '\r\n', '\n', ' ', 'ä', "'", '']
  let seed = 7
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
  const texts = Array.from({ length: 300 }, () =>
    // The leading letter prevents text from being escaped as a formula.
    `x${Array.from({ length: 1 + random(5) }, () => pieces[random(pieces.length)]).join('')}`
  )
  const rows = Array.from({ length: 100 }, (_, i) => texts.slice(3 * i, 3 * i + 3))
  t.strictSame(parsed(csvOf(['x', 'y', 'z'], rows)), [['x', 'y', 'z'], ...rows])
})

t.test('numbers and nothing', async (t) => {
  t.equal(csvOf(['a'], [[-1.5], [null], [undefined], [true]]), 'a\r\n-1.5\r\n\r\n\r\ntrue\r\n')
})

t.test('no text is a formula', async (t) => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '\n@x']) {
    const [, [field = ''] = []] = parsed(csvOf(['a'], [[text]]))
    t.equal(field, `'${text}`, JSON.stringify(text))
  }
  t.equal(csvOf(['=a'], []), "'=a\r\n", 'nor is a name of a column')
})

t.test('names of files', async (t) => {
  t.equal(
    fileName('Requests/s by outcome', Date.UTC(2026, 0, 2, 3, 4)),
    'weir-requests-s-by-outcome-2026-01-02T03-04.csv'
  )
})
