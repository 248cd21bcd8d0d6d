import { StartError } from './errors.js'

/** The source of the weather, and a line that names it and the reason. */
export interface WeatherUpstream {
  readonly kind: 'open-meteo' | 'simulator'
  readonly note: string
}

const ORIGIN = 'https://api.open-meteo.com'
const PATH = '/v1/forecast?latitude=52.52&longitude=13.41&current=temperature_2m'
// A response takes a tenth of it. The weather service waits for it, and the banner for the weather
// service.
const WITHIN_MS = 1000

/**
 * Chooses Open-Meteo if it answers with weather within 1 s, otherwise the simulator;
 * WEATHER_UPSTREAM forces either.
 *
 * @throws StartError `WEIR_ERR_BAD_UPSTREAM`
 */
export function chooseUpstream (
  env: NodeJS.ProcessEnv,
  origin = ORIGIN,
  withinMs = WITHIN_MS
): Promise<WeatherUpstream> {
  switch (env.WEATHER_UPSTREAM || 'auto') {
    case 'open-meteo':
      return Promise.resolve({
        kind: 'open-meteo',
        note: 'by Open-Meteo.com, as WEATHER_UPSTREAM says'
      })
    case 'simulator':
      return Promise.resolve({ kind: 'simulator', note: 'simulated, as WEATHER_UPSTREAM says' })
    case 'auto':
      return failure(origin, withinMs).then((why) =>
        why === undefined
          ? {
              kind: 'open-meteo',
              note: 'by Open-Meteo.com (WEATHER_UPSTREAM=simulator replaces it)'
            }
          : {
              kind: 'simulator',
              note: `simulated: Open-Meteo did not answer ${why} (WEATHER_UPSTREAM=open-meteo forces it)`
            }
      )
  }
  throw new StartError(
    'WEIR_ERR_BAD_UPSTREAM',
    `WEATHER_UPSTREAM is "${env.WEATHER_UPSTREAM}": use open-meteo or simulator, or leave it out to use Open-Meteo if it answers.`
  )
}

/**
 * The end of "did not answer …"; undefined if it did. A gateway may answer in its place, with a
 * page.
 */
async function failure (origin: string, withinMs: number): Promise<string | undefined> {
  let answer
  try {
    const response = await fetch(`${origin}${PATH}`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(withinMs)
    })
    answer = { status: response.status, text: await response.text() }
  } catch {
    return `within ${withinMs / 1000} s`
  }
  return answer.status === 200 && isWeather(answer.text)
    ? undefined
    : `with weather, but with status ${answer.status}`
}

function isWeather (text: string): boolean {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null && 'current' in body
  } catch {
    return false
  }
}
