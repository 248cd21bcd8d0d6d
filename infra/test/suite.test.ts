import t from 'tap'
import { suite } from '../local/suite.js'

const pendingOf = async (kind: 'open-meteo' | 'simulator') => {
  const services = suite(Promise.resolve({ kind, note: `by ${kind}` }))
  return Object.fromEntries(
    await Promise.all(services.map(async ({ name, pending }) => [name, await pending] as const))
  )
}

t.test(
  'the weather service waits for its upstream, which runs only if it is the simulator',
  async (t) => {
    const origin = 'http://127.0.0.1:4190'
    t.match(await pendingOf('simulator'), {
      weather: {
        note: 'by simulator',
        env: { FORECAST_ORIGIN: origin, GEOCODING_ORIGIN: origin }
      },
      upstream: {}
    })
    const settings = await pendingOf('open-meteo')
    t.strictSame(settings, {
      catalog: undefined,
      weather: { note: 'by open-meteo' },
      storefront: undefined,
      stats: undefined,
      upstream: undefined
    })
  }
)

t.test('other services do not wait', async (t) => {
  const never = new Promise<never>(() => {})
  t.strictSame(
    suite(never).flatMap(({ name, pending }) => (pending === undefined ? [name] : [])),
    ['catalog', 'storefront', 'stats']
  )
})
