import t from 'tap'
import { Batch } from '../src/stores/batch.js'
import { type Gate, gate } from './gate.js'

t.test('requests of one turn are combined into one for all their items', async (t) => {
  const asked: string[][] = []
  const batch = new Batch(async (items: readonly string[]) => {
    asked.push([...items])
    return items.length
  })
  t.strictSame(await Promise.all([batch.add('a'), batch.add('b'), batch.add('a')]), [3, 3, 3])
  t.strictSame(asked, [['a', 'b', 'a']])
  await batch.add('d')
  t.strictSame(asked, [['a', 'b', 'a'], ['d']])
})

t.test('a request made while another is in progress starts a new one', async (t) => {
  const asked: { items: readonly string[], answer: Gate<string> }[] = []
  let left = gate()
  const batch = new Batch((items: readonly string[]) => {
    const answer = gate<string>()
    asked.push({ items, answer })
    left.open()
    return answer.opened
  })
  const first = batch.add('a')
  await left.opened
  left = gate()
  const second = batch.add('a')
  asked[0]?.answer.open('old')
  t.equal(await first, 'old')
  await left.opened
  asked[1]?.answer.open('new')
  t.equal(await second, 'new')
})

t.test('all callers see a failure, and the next request is sent again', async (t) => {
  let fail = true
  const batch = new Batch(async () => {
    if (fail) throw new Error('down')
    return 'up'
  })
  t.match(
    await Promise.allSettled([batch.add('a'), batch.add('b')]),
    Array(2).fill({ reason: { message: 'down' } })
  )
  fail = false
  t.equal(await batch.add('a'), 'up')
})
