import t from 'tap'
import { pauseAfter } from '../src/index.js'

t.test('pauses double up to a second, and vary by a quarter', async (t) => {
  const middle = () => 0.5
  t.strictSame(
    [0, 1, 2, 3, 4, 5, 6, 100].map((failures) => pauseAfter(failures, middle)),
    [25, 50, 100, 200, 400, 800, 1000, 1000]
  )
  t.equal(pauseAfter(100, () => 0), 750)
  t.equal(pauseAfter(100, () => 1), 1250)
  const pause = pauseAfter(100)
  t.ok(pause >= 750 && pause <= 1250)
})
