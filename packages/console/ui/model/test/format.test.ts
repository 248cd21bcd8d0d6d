import t from 'tap'
import {
  axisTime, bytes, count, dateTime, duration, money, moneyInput, ms, parseMoney, percent, rate, time
} from '../format.js'

t.test('numbers', async (t) => {
  const table: [string, string][] = [
    [count(1234567), '1,234,567'],
    [count(0), '0'],
    [count(null), '–'],
    [count(NaN), '–'],
    [rate(0), '0'],
    [rate(0.256), '0.26'],
    [rate(9.87), '9.87'],
    [rate(12.34), '12.3'],
    [rate(24), '24'],
    [rate(5), '5'],
    [rate(1.05), '1.05'],
    [rate(1234.5), '1,235'],
    [rate(undefined), '–'],
    [percent(0), '0%'],
    [percent(1), '100%'],
    [percent(0.942), '94.2%'],
    [percent(0.99999), '99.9%'],
    [percent(0.00001), '0.1%'],
    [percent(null), '–'],
    [ms(0), '0 ms'],
    [ms(0.234), '0.23 ms'],
    [ms(4.5), '4.50 ms'],
    [ms(45.67), '45.7 ms'],
    [ms(456.7), '457 ms'],
    [ms(1500), '1.50 s'],
    [ms(61_000), '1\u00a0min\u00a01\u00a0s'],
    [ms(null), '–'],
    [bytes(0), '0 B'],
    [bytes(0.5), '1 B'],
    [bytes(1023), '1,023 B'],
    [bytes(1536), '1.50 KiB'],
    [bytes(64 * 2 ** 20), '64.0 MiB'],
    [bytes(2 ** 60), '1,048,576 TiB'],
    [bytes(null), '–']
  ]
  for (const [actual, expected] of table) t.equal(actual, expected)
})

t.test('spans of time', async (t) => {
  const table: [number | null, string][] = [
    [0, '0\u00a0s'],
    [400, '0\u00a0s'],
    [-400, '0\u00a0s'],
    [1000, '1\u00a0s'],
    [60_000, '1\u00a0min'],
    [61_000, '1\u00a0min\u00a01\u00a0s'],
    [3_720_000, '1\u00a0h\u00a02\u00a0min'],
    [3_601_000, '1\u00a0h'],
    [90_061_000, '1\u00a0d\u00a01\u00a0h'],
    [-5000, '−5\u00a0s'],
    [null, '–']
  ]
  for (const [value, expected] of table) t.equal(duration(value), expected, String(value))
})

t.test('points in time', async (t) => {
  const at = new Date(2026, 10, 20, 14, 3, 7).getTime()
  t.equal(time(at), '14:03:07')
  t.equal(axisTime(at, 5 * 60_000), '14:03:07')
  t.equal(axisTime(at, 24 * 3_600_000), '14:03')
  t.equal(axisTime(at, 30 * 24 * 3_600_000), '20 Nov 14:03')
  t.equal(dateTime(at, at + 1000), '14:03:07')
  t.equal(dateTime(at, at + 24 * 3_600_000), '20 Nov 14:03:07')
})

t.test('prices', async (t) => {
  t.equal(money(1299), '€12.99')
  const typed: [string, number | undefined][] = [
    ['12.99', 1299],
    [' 12,5 ', 1250],
    ['7', 700],
    ['0.01', 1],
    ['', undefined],
    ['-1', undefined],
    ['1.999', undefined],
    ['1e3', undefined],
    ['12345678', undefined]
  ]
  for (const [text, expected] of typed) t.equal(parseMoney(text), expected, text)
  for (const cents of [0, 1, 10, 99, 100, 1299, 999_999_999]) {
    t.equal(parseMoney(moneyInput(cents)), cents)
  }
})
