import t from 'tap'
import { reasonOf } from '../src/index.js'

t.test('a reason names an error and each cause, once and in order', async (t) => {
  const circular = new Error('round')
  circular.cause = circular
  const cases: [unknown, string][] = [
    [new Error('gone'), 'Error: gone'],
    [
      new TypeError('outer', { cause: new RangeError('inner') }),
      'TypeError: outer, caused by RangeError: inner'
    ],
    [new Error('outer', { cause: 'refused' }), "Error: outer, caused by 'refused'"],
    ['thrown', "'thrown'"],
    [undefined, ''],
    [circular, Array(5).fill('Error: round').join(', caused by ')]
  ]
  for (const [error, reason] of cases) t.equal(reasonOf(error), reason)
})
