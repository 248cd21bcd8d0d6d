import t from 'tap'
import { UnsharedKeys } from '../src/unshared-keys.js'

t.test('fewer keys are remembered if they are as long as URLs can be: the latest ones', (t) => {
  const keys = new UnsharedKeys()
  const long = (i: number) => `/${i}?`.padEnd(16_384, 'x')
  for (let i = 0; i < 1000; i++) keys.add(long(i))
  const known = Array.from({ length: 1000 }, (_, i) => i).filter((i) => keys.has(long(i)))
  t.ok(known.length > 50 && known.length <= 64, `${known.length} of them`)
  t.equal(known.at(-1), 999)
  t.end()
})
