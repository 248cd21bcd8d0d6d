import t from 'tap'
import { problemOf } from '../problem.js'

t.test('a problem document', async (t) => {
  const body = {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: 'price must be >= 0',
    code: 'X',
    requestId: 'r-1',
    errors: [{ field: 'price', message: 'must be >= 0' }, { field: 3 }, null]
  }
  t.strictSame(problemOf(400, JSON.stringify(body), null), {
    status: 400,
    title: 'Bad Request',
    detail: 'price must be >= 0',
    code: 'X',
    requestId: 'r-1',
    errors: [{ field: 'price', message: 'must be >= 0' }]
  })
})

t.test('anything else that comes with an error', async (t) => {
  for (const body of ['', 'Bad gateway', '<html>', '[]', 'null', '{"detail":""}']) {
    t.strictSame(problemOf(502, body, 'Wed, 21 Oct 2026 07:28:00 GMT'), {
      status: 502, title: 'Status 502', detail: 'The response was 502, without a reason.', errors: []
    }, body)
  }
  t.equal(problemOf(503, '', '2').retryAfter, 2)
})
