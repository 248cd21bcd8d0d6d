import t from 'tap'
import { parseArguments } from '../load/arguments.js'
import { scenarios } from '../load/scenarios/all.js'
import { mix } from '../load/soak/mix.js'
import { type ProcessSample } from '../load/soak/processes.js'
import { composeLimit, judge } from '../load/soak/verdict.js'

const MEBIBYTE = 1024 * 1024

/** Half an hour of one process, a sample every 15 s. */
const samples = (rss: (at: number) => number, instance = 'catalog-1'): ProcessSample[] =>
  Array.from({ length: 121 }, (_, i) => 15 * i).map((at) => ({
    instance,
    service: 'catalog',
    at,
    rssBytes: rss(at) * MEBIBYTE,
    heapBytes: 0,
    l1: { entries: 0, bytes: 0 }
  }))

t.test('a process is judged by its peak and by the slope of its last half', (t) => {
  const limit = 256 * MEBIBYTE
  const of = (rss: (at: number) => number) => judge(samples(rss), limit)[0]
  t.match(
    of((at) => Math.min(170, 120 + at / 10)),
    { isLow: true, isFlat: true },
    'it fills its cache in the first half'
  )
  t.match(
    of((at) => 120 + at / 60),
    { isLow: true, isFlat: false, rise: 15 * MEBIBYTE },
    'a megabyte a minute is a leak'
  )
  t.match(
    of((at) => 150 + 20 * Math.sin(at)),
    { isLow: true, isFlat: true },
    'garbage comes and goes'
  )
  t.match(
    of((at) => (at === 900 ? 193 : 100)),
    { isLow: false, isFlat: true },
    'one peak is one too many'
  )
  const both = judge([...samples(() => 100), ...samples((at) => at / 10, 'catalog-2')], limit)
  t.match(both, [{ instance: 'catalog-1', isFlat: true }, { instance: 'catalog-2', isFlat: false }])
  t.end()
})

t.test('the limit comes from the services in docker-compose.yml', (t) => {
  t.equal(
    composeLimit(
      'x-service: &service\n  image: weir\n  mem_limit: 96m\n\nservices:\n  nginx:\n    mem_limit: 128m\n'
    ),
    96 * MEBIBYTE
  )
  t.throws(() => composeLimit('x-service:\n  image: weir\nservices:\n'), /mem_limit/)
  t.ok(composeLimit() >= 64 * MEBIBYTE)
  t.end()
})

t.test('soak runs only by name, for half an hour by default', (t) => {
  const wish = (...args: string[]) => parseArguments(['--token', 'x', ...args], {}, scenarios)
  t.match(wish('--scenario', 'soak'), { seconds: 1800, rate: 220, scenarios: [{ name: 'soak' }] })
  t.match(wish('--scenario', 'soak', '--duration', '720', '--rate', '120'), {
    seconds: 720,
    rate: 120
  })
  const all = wish('--scenario', 'all')
  t.notOk(all === 'help' || all.scenarios.some(({ name }) => name === 'soak'))
  t.match(all, { seconds: 10, rate: undefined })
  t.equal(mix('x').reduce((sum, { percent }) => sum + percent, 0), 100)
  t.end()
})
