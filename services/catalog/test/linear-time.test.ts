import { slowTexts } from '@weir/internal/testing'
import t from 'tap'
import { matchExpression } from '../src/products/search.js'

t.test('matchExpression takes linear time', async (t) => { t.strictSame(slowTexts((text) => matchExpression(text)), []) })
