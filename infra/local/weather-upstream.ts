import { StartError } from './errors.js'

/** Where the weather comes from, and a line that says so and why. */
export interface WeatherUpstream {
  readonly kind: 'open-meteo' | 'simulator'
  readonly note: string
}

const ORIGIN = 'https://api.open-meteo.com'
const PATH = '/v1/forecast?latitude=52.52&longitude=13.41&current=temperature_2m'
// An answer takes a tenth of it. The weather service waits for it, and the banner for the weather service.
const WITHIN_MS = 1000

/**
 * Open-Meteo if it answers within 1 s, else the simulator; WEATHER_UPSTREAM forces either.
 *
 * @throws StartError `WEIR_ERR_BAD_UPSTREAM`
 */
export function chooseUpstream (env: NodeJS.ProcessEnv, origin = ORIGIN, withinMs = WITHIN_MS): Promise<WeatherUpstream> {
  switch (env.WEATHER_UPSTREAM || 'auto') {
    case 'open-meteo':
      return Promise.resolve({ kind: 'open-meteo', note: 'by Open-Meteo.com, as WEATHER_UPSTREAM says' })
    case 'simulator':
      return Promise.resolve({ kind: 'simulator', note: 'simulated, as WEATHER_UPSTREAM says' })
    case 'auto':
      return answers(origin, withinMs).then((isThere) => isThere
        ? { kind: 'open-meteo', note: 'by Open-Meteo.com (WEATHER_UPSTREAM=simulator does without)' }
        : { kind: 'simulator', note: `simulated: Open-Meteo did not answer within ${withinMs / 1000} s (WEATHER_UPSTREAM=open-meteo insists on it)` })
  }
  throw new StartError('WEIR_ERR_BAD_UPSTREAM',
    `WEATHER_UPSTREAM is "${env.WEATHER_UPSTREAM}": give open-meteo or simulator, or leave it out to have Open-Meteo if it answers.`)
}

async function answers (origin: string, withinMs: number): Promise<boolean> {
  try {
    const response = await fetch(`${origin}${PATH}`, { signal: AbortSignal.timeout(withinMs) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}
