import t from 'tap'
import { NewInvalidations } from '../src/live/invalidations.js'
import { state } from './support/records.js'

const of = (...times: number[]) =>
  times.map((at) => ({ at, namespace: 'responses', tags: [`product:${at}`] }))

t.test('each is told once, in order', async (t) => {
  const news = new NewInvalidations()
  const told = (...states: ReturnType<typeof state>[]) =>
    news.next(states).map(({ at, instance }) => `${instance} ${at}`)
  const second = { run: 'run-2', instance: 'catalog-2' }
  t.same(told(state(1, { invalidations: of(1, 2) })), [], 'what was before is no news')
  t.same(told(state(2, { invalidations: of(1, 2) })), [])
  t.same(
    told(
      state(3, { invalidations: of(1, 2, 5) }),
      state(3, { ...second, invalidations: of(4, 6) })
    ),
    ['catalog-2 4', 'catalog-1 5', 'catalog-2 6']
  )
  t.same(
    told(
      state(4, { invalidations: of(2, 5, 7, 8) }),
      state(4, { ...second, invalidations: of(4, 6) })
    ),
    ['catalog-1 7', 'catalog-1 8'],
    'those before are forgotten'
  )
  t.same(
    told(
      state(5, { invalidations: of(20, 21) }),
      state(5, { ...second, invalidations: of(4, 6) })
    ),
    ['catalog-1 20', 'catalog-1 21'],
    'all of them are'
  )
  t.same(told(state(6, { invalidations: [] })), [])
  t.same(told(state(7, { invalidations: of(30) })), ['catalog-1 30'])
})

t.test('the same may happen twice within a millisecond', async (t) => {
  const news = new NewInvalidations()
  news.next([state(1, { invalidations: of(1) })])
  t.equal(news.next([state(2, { invalidations: of(1, 1) })]).length, 1)
})
