import t from 'tap'
import { CacheError, parseDuration } from '../src/index.js'

t.test('durations are milliseconds', async (t) => {
  const table: [unknown, number][] = [
    [0, 0],
    [1500, 1500],
    [0.5, 0.5],
    ['0s', 0],
    ['500ms', 500],
    ['60s', 60_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['007s', 7000]
  ]
  for (const [value, milliseconds] of table) {
    t.equal(parseDuration(value), milliseconds, String(value))
  }
})

t.test('an invalid duration names the option, the value and valid formats', async (t) => {
  const none = [
    -1,
    NaN,
    Infinity,
    '',
    '5',
    's',
    '-5s',
    '5 s',
    ' 5s',
    '5s ',
    '5S',
    '5w',
    '1e3ms',
    '.5s',
    '5.s',
    '1m30s',
    '0x1s',
    '٣s',
    '5constructor',
    null,
    undefined,
    true,
    [],
    {},
    5n,
    Symbol('5s'),
    ['5s'],
    () => 5,
    new Date()
  ]
  for (const value of none) {
    t.throws(() => parseDuration(value, 'ttl'), {
      name: 'CacheError',
      code: 'WEIR_CACHE_INVALID_DURATION',
      message: /^ttl: .* is not a duration: use/
    })
  }
  t.throws(
    () => parseDuration('soon', 'staleIfError'),
    new CacheError('WEIR_CACHE_INVALID_DURATION', "staleIfError: 'soon'")
  )
  t.throws(() => parseDuration(5n), { message: /^duration: 5n is not/ })
  t.throws(
    () => parseDuration('x'.repeat(100_000)),
    { message: /^.{1,400}$/ },
    'a message stays short'
  )
})
