import t from 'tap'
import { mostOf, sparkPath } from '../sparkline.js'

t.test('known values become a path', async (t) => {
  t.equal(sparkPath([0, 1], 1), 'M0,30L100,0')
  t.equal(sparkPath([0, null, 2, 4, null, 1], 4), 'M0,30L40,15L60,0L100,22.5')
  t.equal(sparkPath([0, 0], 0), 'M0,30L100,30')
  t.equal(sparkPath([null, 5, null], 5), '', 'one value has no course')
  t.equal(sparkPath([], 1), '')
  t.equal(mostOf([[1, null], [3]]), 3)
  t.equal(mostOf([[]]), 0)
})
