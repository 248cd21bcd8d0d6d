import t from 'tap'
import { type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { CurrentSchema, ForecastSchema } from '../src/routes/schemas.js'
import { build, startBerlin } from './support/build.js'
import { mutate, random } from './support/mutate.js'
import * as recorded from './support/recorded.js'
import { json } from './support/upstream-server.js'

const BODIES = 1000

// Each time a different entry of the cache, all of them close enough to Berlin.
const cell = (i: number) =>
  `latitude=${(51.6 + (i % 20) / 10).toFixed(1)}&longitude=${(12.5 + Math.floor(i / 20) / 10).toFixed(1)}`

const routes = [
  { path: (i: number) => `/current?${cell(i)}`, body: recorded.current, schema: CurrentSchema },
  {
    path: (i: number) => `/forecast?${cell(i)}`,
    body: recorded.forecast(7),
    schema: ForecastSchema
  },
  {
    path: (i: number) => `/current?city=Berlin ${i}`,
    body: recorded.search,
    schema: CurrentSchema
  }
]

/** Returns whether a response matches the schema, without additional members. */
function isNothingBut (schema: TSchema, answer: unknown): boolean {
  return (
    Value.Check(schema, answer) &&
    JSON.stringify(Value.Clean(schema, structuredClone(answer))) === JSON.stringify(answer)
  )
}

t.test(
  'for any upstream data, only valid weather is returned and cached',
  async (t) => {
    const upstream = await startBerlin(t)
    const well = upstream.answer
    const app = await build(t, upstream, {
      CALLS_PER_MINUTE: '1000000',
      CALLS_PER_HOUR: '1000000',
      CALLS_PER_DAY: '1000000'
    })
    const below = random(20_261_120)
    const statuses: Record<number, number> = {}
    for (let i = 0; i < BODIES; i++) {
      for (const { path, body, schema } of routes.slice(
        i % routes.length,
        (i % routes.length) + 1
      )) {
        const url = `/api/weather${path(Math.floor(i / routes.length))}`
        const sent = mutate(body, below)
        // The city is requested first, and its weather after that.
        upstream.answer = (request, response) => {
          const isMeant =
            body !== recorded.search || request.url?.startsWith('/v1/search') === true
          return isMeant ? json(sent)(request, response) : well(request, response)
        }
        const response = await app.inject(url)
        const status = response.statusCode
        statuses[status] = (statuses[status] ?? 0) + 1
        const answer: unknown = response.json()
        if (status === 200 && !isNothingBut(schema, answer)) {
          t.fail('what is no weather was served', { sent, answer })
        }
        if (![200, 404, 502].includes(status)) {
          t.fail('there is no answer for this', { sent, status, answer })
        }
        if (status !== 502) continue

        upstream.answer = well
        const calls = upstream.calls.length
        const next = await app.inject(url)
        if (next.statusCode !== 200 || upstream.calls.length === calls) {
          t.fail('what could not be understood was kept', { sent, status: next.statusCode })
        }
      }
    }
    t.comment(statuses)
    t.ok((statuses[502] ?? 0) > BODIES / 2, 'most of them are distinguishable from weather')
    t.ok((statuses[200] ?? 0) > 0, 'some are not, or are valid')
  }
)
