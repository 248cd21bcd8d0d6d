import { useEffect, useMemo, useState } from 'preact/hooks'
import { columns } from '../../model/columns.js'
import { type Exchange } from '../../model/exchange.js'
import { count, dateTime, duration } from '../../model/format.js'
import { told } from '../../model/told.js'
import { type CurrentWeather, type Forecast } from './api.js'
import { CacheState } from '../../parts/cache-state.js'
import { Chart } from '../../parts/chart.js'
import { Loaded } from '../../parts/loaded.js'
import { useNow } from '../../state/now.js'
import { knownAfter } from '../../state/send.js'
import { type Query } from '../../state/use-query.js'
import { askFor } from './asked.js'

const TEMPERATURE = [
  { label: 'temperature', color: 'miss' },
  { label: 'feels like', color: 'muted' }
] as const
const EVERY_MS = 1000

/** Shows the weather of one city, requested once or repeatedly. */
export function City ({ city }: { city: string }) {
  const [current, setCurrent] = useState<Query<Exchange>>({})
  const [forecast, setForecast] = useState<Query<Exchange>>({})
  const [round, setRound] = useState(0)
  const [isRepeating, setRepeating] = useState(false)

  useEffect(() => {
    // Forecasts change every half hour, so only failed requests are repeated.
    if (forecast.value !== undefined) return
    const ended = new AbortController()
    askFor('forecast', city, ended.signal).then((sent) => {
      if (!ended.signal.aborted) setForecast((before) => knownAfter(before, sent))
    }).catch(console.error)
    return () => ended.abort()
  }, [city, round])

  useEffect(() => {
    const ended = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    askFor('current', city, ended.signal).then((sent) => {
      if (ended.signal.aborted) return
      setCurrent((before) => knownAfter(before, sent))
      if (isRepeating) timer = setTimeout(again, EVERY_MS)
    }).catch(console.error)
    return () => {
      clearTimeout(timer)
      ended.abort()
    }
  }, [city, round, isRepeating])

  const again = () => setRound((number) => number + 1)

  return (
    <div class='columns'>
      <section class='panel stack' aria-labelledby='now'>
        <h2 id='now'>{city} now</h2>
        <Loaded query={current} what='The weather' onRetry={again}>
          {(exchange) => <Now exchange={exchange} />}
        </Loaded>
        <div class='row'>
          <button class='button' type='button' onClick={again}>
            Refetch
          </button>
          <button
            class='button'
            type='button'
            aria-pressed={isRepeating}
            onClick={() => setRepeating(!isRepeating)}
          >
            Refetch every second
          </button>
        </div>
      </section>
      <section class='panel stack' aria-label='Forecast'>
        <Loaded query={forecast} what='The forecast' onRetry={again}>
          {(exchange) => <Hours exchange={exchange} />}
        </Loaded>
      </section>
    </div>
  )
}

function Now ({ exchange }: { exchange: Exchange }) {
  const { current, source, modelTime, fetchedAt, place } = useMemo(
    () => told<CurrentWeather>(exchange.body),
    [exchange]
  )
  const now = useNow()
  return (
    <>
      <p class='weather-now'>
        <span class='temperature'>{degrees(current.temperature)}</span>
        <span>{current.conditions ?? 'unknown'}</span>
      </p>
      <CacheState exchange={exchange} />
      <dl class='facts'>
        <dt>Feels like</dt>
        <dd>{degrees(current.apparentTemperature)}</dd>
        <dt>Wind</dt>
        <dd>{count(current.windSpeed)} km/h</dd>
        <dt>Humidity</dt>
        <dd>{count(current.humidity)} %</dd>
        <dt>Model time</dt>
        <dd>
          {modelTime === null
            ? 'unknown'
            : `${timeThere(place.timezone)(Date.parse(modelTime))} in ${place.timezone ?? 'UTC'}`}
        </dd>
        <dt>Fetched</dt>
        <dd>
          {dateTime(Date.parse(fetchedAt))}, {duration(Math.max(0, now - Date.parse(fetchedAt)))}{' '}
          ago
        </dd>
        <dt>Source</dt>
        <dd>
          {source === 'simulated' ? 'simulated, not Open-Meteo' : 'Open-Meteo'}
        </dd>
      </dl>
      <p class='small muted'>{exchange.words}</p>
    </>
  )
}

function Hours ({ exchange }: { exchange: Exchange }) {
  const { hourly, place } = useMemo(() => told<Forecast>(exchange.body), [exchange])
  const drawn = useMemo(() => {
    const hours = hourly.map((hour) => ({ ...hour, at: Date.parse(hour.time) }))
    return columns(
      hours,
      [({ temperature }) => temperature, ({ apparentTemperature }) => apparentTemperature],
      Infinity
    )
  }, [hourly])
  const formatX = useMemo(() => timeThere(place.timezone), [place.timezone])
  return (
    <>
      <Chart
        title='Temperature by hour, three days'
        empty='The forecast is empty.'
        series={TEMPERATURE}
        columns={drawn}
        format={degrees}
        formatX={formatX}
        y='free'
        height={220}
      />
      <CacheState exchange={exchange} />
    </>
  )
}

const degrees = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : `${value.toFixed(1).replace('-', '−')} °C`

/** Returns a formatter of the local time, or of UTC if the time zone is unknown. */
function timeThere (timeZone: string | null): (at: number) => string {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: timeZone ?? 'UTC',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit'
  })
  return (at) => clock.format(at)
}
