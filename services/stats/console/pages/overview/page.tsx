import { type Summary } from '../../model/api.js'
import { bytes, count, dateTime, ms, percent, rate } from '../../model/format.js'
import { meaning, servedOf } from '../../model/meaning.js'
import { bounds } from '../../model/ranges.js'
import { type Figure, Figures } from '../../parts/figures.js'
import { Loaded } from '../../parts/loaded.js'
import { Page } from '../../parts/page.js'
import { RangePicker, useRange } from '../../parts/range-picker.js'
import { live } from '../../state/live.js'
import { useQuery } from '../../state/use-query.js'
import { useStored } from '../../state/use-stored.js'
import { HistoryCharts } from './history-charts.js'
import { LiveCharts } from './live-charts.js'
import { OutcomesTable } from './outcomes-table.js'
import { RedisPanel } from './redis-panel.js'

/** How the cache does, now and over a stretch of time. */
export function Overview () {
  const range = useRange()
  const summary = useQuery<Summary>(range.id, (now) => `/api/stats/summary?${bounds(range, now)}`, 5000)
  return (
    <Page title='Overview' tools={<RangePicker />}>
      <Loaded query={summary} what='The overview'>
        {(value) => (
          <>
            <p class='lead'>{meaning(value, range.stretch)}</p>
            <FigureStrip summary={value} stretch={range.stretch} />
          </>
        )}
      </Loaded>
      {range.id === '15m' ? <LiveCharts /> : <HistoryCharts range={range} />}
      <div class='columns'>
        <section class='panel flush' aria-labelledby='by-outcome'>
          <div class='panel-head'><h2 id='by-outcome'>How requests were answered</h2></div>
          <Loaded query={summary} what='Outcomes'>{(value) => <OutcomesTable outcomes={value.outcomes} />}</Loaded>
        </section>
        <RedisPanel />
      </div>
      {typeof summary.value?.asOf === 'number' && (
        <p class='small muted'>
          Counted until {dateTime(summary.value.asOf)}. A killed instance takes what it counted in its last second with it.
        </p>
      )}
    </Page>
  )
}

function FigureStrip ({ summary, stretch }: { summary: Summary, stretch: string }) {
  const tick = useStored(live.state).ticks.at(-1)
  const figures: Figure[] = [
    { label: 'Hit ratio', value: percent(summary.hitRatio), note: tick === undefined ? `last ${stretch}` : `${percent(tick.hitRatio)} this second` },
    tick === undefined
      ? { label: 'Requests a second', value: rate(summary.requestsPerSecond), note: `last ${stretch}` }
      : { label: 'Requests a second', value: rate(tick.requestsPerSecond), note: `${rate(summary.requestsPerSecond)} over the last ${stretch}` },
    { label: 'Handler time saved', value: ms(summary.savedMs), note: `${ms(summary.savedMs / Math.max(1, summary.seconds))} each second` },
    { label: 'Median latency', value: ms(summary.latency.p50), note: `99 % within ${ms(summary.latency.p99)}` },
    { label: 'Shared hits', value: count(summary.shared), note: `${percent(summary.shared === 0 ? null : summary.shared / servedOf(summary))} of all hits` },
    { label: 'Answered 304', value: count(summary.notModified), note: `${bytes(summary.bytes)} of bodies sent` },
    { label: 'Limited', value: count(summary.limited), note: 'answered 429' },
    { label: 'Errors', value: count(summary.errors), note: 'answered 5xx' }
  ]
  return <Figures figures={figures} label='Figures' />
}
