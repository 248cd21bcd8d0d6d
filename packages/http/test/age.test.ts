import t, { type Test } from 'tap'
import {
  ageSeconds,
  decideStoring,
  ttlSeconds,
  type Headers,
  type HeaderValue
} from '../src/index.js'
import { at, NOW, policy, SECOND } from './support/exchange.js'

const cc = { 'cache-control': 'max-age=9999999999' }

/** Rows: headers, delay of the response in seconds, age on receipt. */
function check (t: Test, rows: [name: string, response: Headers, delay: number, age: number][]) {
  for (const [name, response, delay, age] of rows) {
    t.equal(ageSeconds(policy({ ...cc, ...response }, { delay: delay * SECOND }), NOW), age, name)
  }
}

t.test('RFC 9111 4.2.3: corrected_initial_age', async (t) => check(t, [
  ['nothing known', {}, 0, 0],
  ['Age', { age: '7' }, 0, 7],
  ['Age as a number', { age: 7 }, 0, 7],
  ['Age counts from when the request was sent', { age: '7' }, 5, 12],
  ['the delay counts without Age', {}, 5, 5],
  ['apparent_age', { date: at(-30) }, 0, 30],
  ['apparent_age when it is more than Age', { date: at(-30), age: '7' }, 5, 30],
  ['Age when it is more than apparent_age', { date: at(-3), age: '7' }, 5, 12],
  ['a Date in the future is no age', { date: at(30) }, 0, 0],
  ['a Date in the future takes nothing from Age', { date: at(30), age: '7' }, 0, 7],
  ['no Date is now', { age: '7' }, 0, 7],
  ['a Date that is none is now', { date: 'Sun Nov 6', age: '7' }, 0, 7],
  ['a Date in another zone is none (4.2)', { date: 'Sun, 06 Nov 1994 08:40:00 PST' }, 0, 0],
  ['a clock that went back takes nothing from a Date', { date: at(-30), age: '0' }, -60, 30],
  ['nor below zero', {}, -60, 0]
]))

t.test('RFC 9111 5.1: Age that is repeated or wrong', async (t) => {
  const table: [HeaderValue, number][] = [
    ['7, 9', 7],
    ['9, 7', 9],
    ['0, 7200', 0],
    [['7', '9'], 7],
    ['7,', 7],
    [' 7 ', 7],
    ['007', 7],
    ['abc', 0],
    ['7s', 0],
    ['-7', 0],
    ['7.0', 0],
    ['"7"', 0],
    ['', 0],
    ['x, 7', 0],
    [', 7', 0],
    ['2147483648', 2 ** 31],
    ['99999999999999999999', 2 ** 31]
  ]
  for (const [age, expected] of table) {
    t.equal(ageSeconds(policy({ ...cc, etag: '"1"', age }), NOW), expected, JSON.stringify(age))
  }
})

t.test('RFC 9111 4.2.3: current_age and what Age says of it', async (t) => {
  const stored = policy({ ...cc, age: '7' })
  const table: [milliseconds: number, age: number][] = [
    [0, 7],
    [999, 7],
    [1000, 8],
    [60_000, 67],
    [-60_000, 0],
    [1e15, 2 ** 31]
  ]
  for (const [later, age] of table) t.equal(ageSeconds(stored, NOW + later), age, `${later}`)
})

t.test('RFC 9211 2.4: ttl is what is left, negative for a stale response', async (t) => {
  const stored = policy({ 'cache-control': 'max-age=60', age: '7' })
  const table: [milliseconds: number, ttl: number][] = [
    [0, 53],
    [1, 52],
    [1000, 52],
    [53_000, 0],
    [53_001, -1],
    [63_000, -10]
  ]
  for (const [later, ttl] of table) t.equal(ttlSeconds(stored, NOW + later), ttl, `${later}`)
})

t.test(
  'RFC 9110 5.6.7, 6.6.1: a Date has whole seconds, so that less than one is no age',
  async (t) => {
    const table: [milliseconds: number, age: number][] = [
      [0, 0],
      [1, 0],
      [999, 0],
      [1000, 1000],
      [1999, 1000],
      [-1, 0]
    ]
    for (const [after, age] of table) {
      const times = { requestTime: NOW + after, responseTime: NOW + after }
      const storing = decideStoring(
        { method: 'GET', headers: {} },
        { status: 200, headers: { 'cache-control': 'max-age=1', date: at(0), etag: '"1"' } },
        times
      )
      t.equal(
        storing.store && storing.policy.freshUntil - times.responseTime,
        1000 - age,
        `${after}`
      )
    }
  }
)
