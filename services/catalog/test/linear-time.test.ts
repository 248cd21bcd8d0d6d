import { slowTexts } from '@weir/internal/testing'
import t from 'tap'
import { matchExpression } from '../src/text/search-words.js'

t.test('matchExpression takes linear time', async (t) => {
  t.strictSame(
    slowTexts((text) => matchExpression(text)),
    []
  )
})
