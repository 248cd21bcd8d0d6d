import t from 'tap'
import { firstOf } from '../src/first-of.js'

t.test('the others are asked only if no likely candidate answers', async (t) => {
  const asked: string[] = []
  const ask = (answers: Record<string, Promise<string>>) => (name: string) => {
    asked.push(name)
    return answers[name] ?? Promise.reject(new Error(name))
  }
  const never = new Promise<string>(() => {})
  const others = () => ['c', 'd']

  t.equal(await firstOf(['a', 'b'], others, ask({ b: Promise.resolve('B') })), 'B')
  t.strictSame(asked.splice(0), ['a', 'b'])
  t.equal(await firstOf(['a', 'b'], others, ask({ d: Promise.resolve('D') })), 'D', 'all refuse')
  t.strictSame(asked.splice(0), ['a', 'b', 'c', 'd'])
  t.equal(await firstOf(['a'], others, ask({ a: never, c: Promise.resolve('C') })), 'C', 'silent')
  await t.rejects(firstOf(['a'], others, ask({})), AggregateError)
})
