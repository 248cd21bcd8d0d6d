import { slowTexts } from '@weir/internal/testing'
import t from 'tap'
import { retryAfterMs } from '../src/upstream/retry-after.js'

t.test('retryAfterMs takes linear time', async (t) => {
  t.strictSame(
    slowTexts((text) => retryAfterMs(text, 0)),
    []
  )
})
