import t from 'tap'
import { loadEnv } from '@weir/fastify/service'
import { weatherEnv } from '../src/env.js'

t.test('an origin is scheme and host, and is readable', async (t) => {
  for (const name of ['FORECAST_ORIGIN', 'GEOCODING_ORIGIN'] as const) {
    for (const origin of ['http://127.0.0.1:4190', 'https://[::1]:80', 'https://weather.example']) {
      t.equal(loadEnv(weatherEnv, { [name]: origin })[name], origin)
    }
    for (const origin of [
      'http://[::1',
      'http://a:99999',
      'http://a b',
      'http://a ',
      'http://u:p@a',
      'http://a/b',
      '//a'
    ]) {
      t.throws(
        () => loadEnv(weatherEnv, { [name]: origin }),
        { code: 'WEIR_ERR_ENV', message: new RegExp(`${name} must match`) },
        origin
      )
    }
  }
})
