import t from 'tap'
import { rangeOf } from '../src/history/range.js'
import { stepsOf } from '../src/history/steps.js'

// An arbitrary day at 12:34:30.
const NOW = Date.UTC(2026, 10, 20, 12, 34, 30)
const MINUTE = Math.floor(NOW / 60_000)
const NOON = MINUTE - 34
const HOUR = 3_600_000
const DAY = 24 * HOUR
const refused = (message: RegExp) => ({
  code: 'STATS_ERR_RANGE',
  statusCode: 400,
  message,
  validation: [{ instancePath: '/from' }]
})

t.test('a range is of whole minutes, the last quarter of an hour by default', async (t) => {
  t.match(rangeOf({}, NOW), { first: MINUTE - 15, end: MINUTE + 1 })
  t.match(rangeOf({ to: NOW - HOUR }, NOW), { first: MINUTE - 75, end: MINUTE - 59 })
  t.match(
    rangeOf({ from: NOW - 1, to: NOW + DAY }, NOW),
    { first: MINUTE, end: MINUTE + 1 },
    'nothing is known of the future'
  )
  t.match(rangeOf({ from: (MINUTE - 5) * 60_000, to: MINUTE * 60_000 }, NOW), {
    first: MINUTE - 5,
    end: MINUTE
  })
})

t.test('hours are read where there are whole ones', async (t) => {
  t.same(rangeOf({ from: NOW - 20 * 60_000 }, NOW).parts, [
    { step: 'minute', first: MINUTE - 20, end: MINUTE + 1 }
  ])
  t.same(rangeOf({ from: (NOON - 130) * 60_000 }, NOW).parts, [
    { step: 'minute', first: NOON - 130, end: NOON - 120 },
    { step: 'hour', first: NOON - 120, end: NOON },
    { step: 'minute', first: NOON, end: MINUTE + 1 }
  ])
  t.same(rangeOf({ from: (NOON - 120) * 60_000, to: NOON * 60_000 }, NOW).parts, [
    { step: 'hour', first: NOON - 120, end: NOON }
  ])
})

t.test('what is older than the minutes that are kept is of whole hours', async (t) => {
  const [from, to] = [(NOON - 72 * 60 + 20) * 60_000, (NOON - 70 * 60 + 20) * 60_000]
  t.match(rangeOf({ from, to }, NOW), {
    parts: [{ step: 'hour', first: NOON - 72 * 60, end: NOON - 69 * 60 }]
  })
  t.match(rangeOf({ from }, NOW), {
    parts: [
      { step: 'hour', first: NOON - 72 * 60 },
      { step: 'minute', first: NOON }
    ]
  })
})

t.test('what cannot be told is refused, with what to ask for', async (t) => {
  t.throws(() => rangeOf({ from: NOW, to: NOW }, NOW), refused(/^from must be before to/))
  t.throws(() => rangeOf({ from: NOW + 1, to: NOW + 2 }, NOW), refused(/must not be in the future/))
  t.throws(() => rangeOf({ from: NOW - 32 * DAY }, NOW), refused(/31 days/))
  t.throws(() => rangeOf({ from: NOW - 401 * DAY, to: NOW - 400 * DAY }, NOW), refused(/400 days/))
  t.ok(rangeOf({ from: NOW - 31 * DAY }, NOW))
  t.throws(
    () => stepsOf({ from: NOW - 3 * DAY, to: NOW - 3 * DAY + HOUR, step: 'minute' }, NOW),
    refused(/step=hour/)
  )
  t.throws(
    () => stepsOf({ from: NOW - 26 * HOUR, step: 'minute' }, NOW),
    refused(/1561 points .* 1500 .*step=hour/)
  )
  t.throws(
    () => stepsOf({ from: NOW - 63 * DAY, step: 'hour' }, NOW),
    refused(/1513 points .* less time/)
  )
})

t.test('points are minutes or hours, 60 by default', async (t) => {
  t.same(stepsOf({ step: 'minute' }, NOW), { step: 'minute', first: MINUTE - 59, end: MINUTE + 1 })
  t.same(stepsOf({ step: 'hour' }, NOW), { step: 'hour', first: NOON - 59 * 60, end: NOON + 60 })
  t.same(stepsOf({ from: NOW - 90 * 60_000, to: NOW - 80 * 60_000, step: 'hour' }, NOW), {
    step: 'hour',
    first: NOON - 60,
    end: NOON
  })
})
