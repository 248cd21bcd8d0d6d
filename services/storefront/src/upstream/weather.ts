import { Value } from 'typebox/value'
import { UpstreamSilent } from '../errors.js'
import { type Weather, WeatherSchema } from './schemas.js'
import { type Upstream } from './upstream.js'

/**
 * The weather now in a city.
 * @throws UpstreamSilent
 */
export async function currentWeather (upstream: Upstream, city: string): Promise<Weather> {
  const { status, body } = await upstream.call({ path: `/api/weather/current?city=${encodeURIComponent(city)}` })
  if (status === 200 && Value.Check(WeatherSchema, body)) return body
  throw new UpstreamSilent(upstream.name, new Error(`its answer, of status ${status}, is no weather`))
}
