import t from 'tap'
import { edgeOutcome, letterKey } from '../edge.js'

t.test('letters of two instances differ', async (t) => {
  const letter = { destination: 'cdn', id: '1', tag: 'a', error: 'no', died: '', instance: null }
  t.not(letterKey(letter), letterKey({ ...letter, instance: 'a' }))
})

t.test('an invalidation says what is done at the edge', async (t) => {
  t.equal(edgeOutcome([]), undefined)
  t.equal(edgeOutcome([{ service: 'a', done: true }]), 'An instance purges the caches at the edge of a.')
  t.match(edgeOutcome([{ service: 'a', done: true }, { service: 'b', done: false }]), /edge of b may serve/)
})
