import t from 'tap'
import { shareVerdict } from '../trials.js'

t.test('two responses, and what they show', async (t) => {
  const miss = { instance: 'catalog-1', outcome: 'miss' } as const
  const hit = { instance: 'catalog-2', outcome: 'l2' } as const
  t.equal(
    shareVerdict([miss, hit]),
    'catalog-1 computed the response, catalog-2 served it without computing it again.'
  )
  t.equal(
    shareVerdict([miss, { ...hit, instance: 'catalog-1' }]),
    'catalog-1 computed the response once and answered all requests.'
  )
  t.equal(
    shareVerdict([miss, { ...hit, instance: 'catalog-1' }, hit]),
    'catalog-1 computed the response, catalog-2 served it without computing it again.'
  )
  t.match(shareVerdict([hit, hit]), /^All were hits/)
  t.equal(
    shareVerdict([miss, { outcome: 'bypass' }]),
    'The last response was not a hit (bypass). Try again.'
  )
  t.equal(shareVerdict([miss]), '')
})
