import { type History, type Summary } from '../../model/api.js'
import { sinceFirstRequest } from '../../model/columns.js'
import { bytes, count, dateTime, ms, percent, rate } from '../../model/format.js'
import { meaning, servedOf } from '../../model/meaning.js'
import { bounds, boundsBefore, type Range } from '../../model/ranges.js'
import { headlines } from '../../model/trend.js'
import { type Figure, Figures } from '../../parts/figures.js'
import { Headlines } from '../../parts/headlines.js'
import { Loaded } from '../../parts/loaded.js'
import { Page } from '../../parts/page.js'
import { RangePicker, useRange } from '../../parts/range-picker.js'
import { demoTraffic } from '../../state/demo-traffic.js'
import { live } from '../../state/live.js'
import { type Query, useQuery } from '../../state/use-query.js'
import { useStored } from '../../state/use-stored.js'
import { DemoControls } from '../welcome/demo-controls.js'
import { FirstSteps } from '../welcome/first-steps.js'
import { Fleet } from '../welcome/fleet.js'
import { Intro } from '../welcome/intro.js'
import { HistoryCharts } from './history-charts.js'
import { LiveCharts } from './live-charts.js'
import { OutcomesTable } from './outcomes-table.js'
import { RedisPanel } from './redis-panel.js'

/**
 * Shows the figures of the cache, live and over a time range, or the welcome while there are none.
 */
export function Overview () {
  const range = useRange()
  const summary = useQuery<Summary>(
    range.id,
    (now) => `api/stats/summary?${bounds(range, now)}`,
    5000
  )
  const history = useQuery<History>(
    range.id,
    (now) => `api/stats/history?${bounds(range, now)}&step=${range.step}`,
    30_000
  )
  const { phase } = useStored(demoTraffic.run)
  // An empty fixed range does not mean that there are no requests now.
  const isEmpty = summary.value?.requests === 0 && range.to === undefined
  return (
    <Page id='overview' title={isEmpty ? 'Welcome to Weir' : 'Overview'} tools={<RangePicker />}>
      {isEmpty ? <Intro /> : <Top summary={summary} history={history} range={range} />}
      {(isEmpty || phase !== 'idle') && (
        <Fleet key='fleet'>
          <DemoControls />
        </Fleet>
      )}
      {isEmpty ? <FirstSteps /> : <Charts summary={summary} history={history} range={range} />}
      {typeof summary.value?.asOf === 'number' && (
        <p class='small muted'>
          Counted until {dateTime(summary.value.asOf)}. An instance that is killed loses the counts
          of its last second.
        </p>
      )}
    </Page>
  )
}

interface Known {
  readonly summary: Query<Summary>
  readonly history: Query<History>
  readonly range: Range
}

const Top = ({ summary, history, range }: Known) => (
  <Loaded query={summary} what='The overview'>
    {(value) => (
      <>
        <p class='lead'>{meaning(value, range.within)}</p>
        <Large summary={value} history={history} range={range} />
        <Small summary={value} within={range.within} />
      </>
    )}
  </Loaded>
)

const Charts = ({ summary, history, range }: Known) => (
  <>
    {range.id === '15m'
      ? (
        <LiveCharts history={history} />
        )
      : (
        <HistoryCharts history={history} range={range} />
        )}
    <div class='columns'>
      <section class='panel flush' aria-labelledby='by-outcome'>
        <div class='panel-head'>
          <h2 id='by-outcome'>Requests by outcome</h2>
        </div>
        <Loaded query={summary} what='Outcomes'>
          {(value) => <OutcomesTable outcomes={value.outcomes} />}
        </Loaded>
      </section>
      <RedisPanel />
    </div>
  </>
)

function Large ({
  summary,
  history,
  range
}: {
  summary: Summary
  history: Query<History>
  range: Range
}) {
  const before = useQuery<Summary>(
    `before ${range.id}`,
    (now) => `api/stats/summary?${boundsBefore(range, now)}`,
    60_000
  )
  const points = sinceFirstRequest(history.value?.points ?? [])
  const { hitRatio, saved, latency } = headlines(summary, before.value, range)
  const items = [
    {
      term: 'hitRatio',
      label: 'Hit ratio',
      headline: hitRatio,
      series: [{ color: 'l1', values: points.map((point) => point.hitRatio) }]
    },
    {
      term: 'saved',
      label: 'Handler time saved',
      headline: saved,
      series: [{ color: 'l1', values: points.map(({ savedMs }) => savedMs) }]
    },
    {
      term: 'hitLatency',
      label: 'p50 of hits vs. computed',
      headline: latency,
      series: [
        { color: 'l1', values: points.map(({ hitP50 }) => hitP50) },
        { color: 'miss', values: points.map(({ missP50 }) => missP50) }
      ]
    }
  ] as const
  return <Headlines items={items} label='Main figures' />
}

function Small ({ summary, within }: { summary: Summary, within: string }) {
  const tick = useStored(live.state).ticks.at(-1)
  const { shared, limited, errors } = summary
  const figures: Figure[] = [
    tick === undefined
      ? {
          label: 'Requests/s',
          term: 'rate',
          value: rate(summary.requestsPerSecond),
          note: within
        }
      : {
          label: 'Requests/s',
          term: 'rate',
          value: rate(tick.requestsPerSecond),
          note: `${rate(summary.requestsPerSecond)} on average`
        },
    {
      label: 'p99 latency',
      term: 'p99',
      value: ms(summary.latency.p99),
      note: `p50 ${ms(summary.latency.p50)}`
    },
    {
      label: 'Shared hits',
      term: 'shared',
      value: count(shared),
      note: `${percent(servedOf(summary) === 0 ? null : shared / servedOf(summary))} of hits`
    },
    {
      label: 'Not modified (304)',
      term: 'notModified',
      value: count(summary.notModified),
      note: `${bytes(summary.bytes)} of bodies sent`
    },
    {
      label: 'Rate-limited (429)',
      term: 'limited',
      value: count(limited),
      note: `${percent(limited / Math.max(1, summary.requests))} of requests`
    },
    {
      label: 'Errors (5xx)',
      term: 'error',
      value: count(errors),
      note: `${percent(errors / Math.max(1, summary.requests))} of requests`,
      isWrong: errors > 0
    }
  ]
  return <Figures figures={figures} label='Figures' />
}
