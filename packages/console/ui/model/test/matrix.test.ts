import t from 'tap'
import { type InstanceFigures } from '../api.js'
import { fillMatrix } from '../matrix.js'
import { concerns } from '../shown.js'

const instance = (name: string, filledBy: Record<string, number>): InstanceFigures => ({
  instance: name,
  service: 'catalog',
  run: name,
  alive: true,
  startedAt: 0,
  endedAt: null,
  lastSeenAt: 0,
  pid: 1,
  node: 'v20',
  requests: 0,
  hitRatio: null,
  shared: 0,
  rssBytes: 0,
  heapBytes: 0,
  eventLoopDelayMs: 0,
  l1: { entries: 0, bytes: 0, evictions: 0 },
  outcomes: {},
  filledBy
})

t.test('hits by serving and computing instance; runs of one instance are merged', async (t) => {
  const matrix = fillMatrix([
    instance('c-10', { 'c-2': 5 }),
    instance('c-2', { 'c-2': 1, 'c-10': 2 }),
    instance('c-2', { 'c-1': 3, 'c-2': 1 }),
    instance('w-1', {})
  ])
  t.strictSame(matrix, {
    fillers: ['c-1', 'c-2', 'c-10'],
    rows: [{ server: 'c-2', hits: [3, 2, 2] }, { server: 'c-10', hits: [0, 5, 0] }]
  })
  t.strictSame(fillMatrix([]), { fillers: [], rows: [] })
})

t.test('what an invalidation concerns', async (t) => {
  const told = (tags: string[], service = 'catalog') => ({
    at: 0,
    service,
    instance: 'c-1',
    namespace: 'catalog',
    tags
  })
  t.ok(concerns(told(['products', 'product:3']), { kind: 'list' }, 'catalog'))
  t.ok(concerns(told(['products', 'product:3']), { kind: 'product', id: 3 }, 'catalog'))
  t.notOk(concerns(told(['product:3']), { kind: 'list' }, 'catalog'))
  t.notOk(concerns(told(['product:33']), { kind: 'product', id: 3 }, 'catalog'))
  t.ok(concerns(told([]), { kind: 'product', id: 3 }, 'catalog'), 'all of it')
  t.ok(concerns(told(['catalog']), { kind: 'list' }, 'catalog'))
  t.notOk(concerns(told([], 'weather'), { kind: 'list' }, 'catalog'))
})
