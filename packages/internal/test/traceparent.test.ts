import t from 'tap'
import { parseTraceparent, traceparent } from '../src/index.js'
import { random } from '../testing/index.js'

const IDS = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
const PARENT = `00-${IDS.traceId}-${IDS.spanId}-01`

t.test('a context of W3C Trace Context is parsed, and written as it was', async (t) => {
  t.strictSame(parseTraceparent(PARENT), { ...IDS, isSampled: true })
  t.strictSame(parseTraceparent(PARENT.replace(/01$/, '00')), { ...IDS, isSampled: false })
  t.strictSame(parseTraceparent(PARENT.replace(/01$/, 'ff')), { ...IDS, isSampled: true })
  t.equal(traceparent({ ...IDS, isSampled: true }), PARENT)
  t.strictSame(parseTraceparent(`cc${PARENT.slice(2)}-what-the-future-has`), {
    ...IDS,
    isSampled: true
  })
})

t.test('anything else is no context', async (t) => {
  for (const text of [
    undefined,
    ['a', 'b'],
    '',
    PARENT.toUpperCase(),
    ` ${PARENT}`,
    `${PARENT}-more`,
    `${PARENT}, ${PARENT}`,
    `ff${PARENT.slice(2)}`,
    PARENT.replace(IDS.traceId, '0'.repeat(32)),
    PARENT.replace(IDS.spanId, '0'.repeat(16)),
    `cc${PARENT.slice(2)}.more`
  ]) t.equal(parseTraceparent(text), undefined, String(text))
})

t.test('a changed character never leads to ids that the text does not have', async (t) => {
  const below = random(7)
  for (let i = 0; i < 2000; i++) {
    const at = below(PARENT.length)
    const text = PARENT.slice(0, at) + String.fromCharCode(below(128)) + PARENT.slice(at + 1)
    const ids = parseTraceparent(text)
    if (ids === undefined) continue
    const [, traceId, spanId, flags = ''] = text.split('-')
    const isSampled = (Number.parseInt(flags, 16) & 1) === 1
    if (ids.traceId !== traceId || ids.spanId !== spanId || ids.isSampled !== isSampled) {
      t.fail(text)
    }
  }
})
