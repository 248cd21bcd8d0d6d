import { Value } from 'typebox/value'
import { UpstreamSilent } from '../errors.js'
import { type Weather, WeatherSchema } from './schemas.js'
import { type Upstream } from './upstream.js'

/**
 * Returns the weather in a city. `isOld`: the service could not refresh it, and returned the last
 * one.
 * @throws UpstreamSilent
 */
export async function currentWeather (
  upstream: Upstream,
  city: string
): Promise<Weather & { readonly isOld: boolean }> {
  const { status, body, isStandIn } = await upstream.call({
    path: `/api/weather/current?city=${encodeURIComponent(city)}`
  })
  if (status === 200 && Value.Check(WeatherSchema, body)) return { ...body, isOld: isStandIn }
  throw new UpstreamSilent(
    upstream.name,
    new Error(`its response with status ${status} has no valid weather`)
  )
}
