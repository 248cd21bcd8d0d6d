import { type RouteFigures, type Routes } from '../../model/api.js'
import { bytes, count, ms, percent } from '../../model/format.js'
import { hashOf } from '../../model/hash.js'
import { journalAddress, journalUrl } from '../../model/journal.js'
import { bounds } from '../../model/ranges.js'
import { type Figure, Figures } from '../../parts/figures.js'
import { Loaded } from '../../parts/loaded.js'
import { CopyButton } from '../../parts/copy-button.js'
import { Page } from '../../parts/page.js'
import { RangePicker, rangeInAddress, useRange } from '../../parts/range-picker.js'
import { place } from '../../state/place.js'
import { useQuery } from '../../state/use-query.js'
import { useStored } from '../../state/use-stored.js'
import { RouteCharts } from './charts.js'
import { RouteConfig } from './config.js'
import { LatencyTable } from './latency-table.js'
import { ReasonsTable } from './reasons-table.js'
import { Touched } from './touched.js'

/** One route: its history, latency, reasons for not storing, options and invalidations. */
export function RoutePage ({ route }: { route: string }) {
  const range = useRange()
  const service = useStored(place).query.get('service') ?? ''
  const which = new URLSearchParams({ route, ...(service !== '' && { service }) }).toString()
  const routes = useQuery<Routes>(
    `${which} ${range.id}`,
    (now) => `api/stats/routes?${which}&${bounds(range, now)}`,
    5000
  )
  return (
    <Page id={`route ${route}`} title={route} tools={<RangePicker />}>
      <div class='row'>
        <a href={hashOf(['routes'], rangeInAddress())}>All routes</a>
        <a href={journalAddress({ conditions: { url: journalUrl(route) } }, rangeInAddress())}>
          Journal
        </a>
        <CopyButton text={route} what='route' />
      </div>
      <Loaded query={routes} what='The route'>
        {(value) =>
          value.routes.length === 0
            ? (
              <section class='panel'>
                <p class='empty'>No requests {range.within}.</p>
              </section>
              )
            : value.routes.map((one) => <Summary key={one.service} figures={one} />)}
      </Loaded>
      <RouteCharts which={which} range={range} />
      <Loaded query={routes} what='The route'>
        {(value) => value.routes.map((one) => <Details key={one.service} figures={one} />)}
      </Loaded>
    </Page>
  )
}

function Summary ({ figures }: { figures: RouteFigures }) {
  const { service, requests, hitRatio, latency, savedMs, shared, errors, limited } = figures
  const shown: readonly Figure[] = [
    { label: 'Requests', term: 'requests', value: count(requests), note: `of ${service}` },
    { label: 'Hit ratio', term: 'hitRatio', value: percent(hitRatio) },
    {
      label: 'p99 latency',
      term: 'p99',
      value: ms(latency.p99),
      note: `p50 ${ms(latency.p50)}`
    },
    {
      label: 'Saved',
      term: 'saved',
      value: ms(savedMs),
      note: `${bytes(figures.bytes)} of bodies sent`
    },
    { label: 'Shared hits', term: 'shared', value: count(shared) },
    {
      label: 'Errors (5xx)',
      term: 'error',
      value: count(errors),
      note: `${count(limited)} rate-limited`,
      isWrong: errors > 0
    }
  ]
  return <Figures figures={shown} label={`Figures of ${service}`} />
}

const Details = ({ figures }: { figures: RouteFigures }) => (
  <>
    <ReasonsTable reasons={figures.reasons} />
    <LatencyTable figures={figures} />
    <div class='columns'>
      <RouteConfig figures={figures} />
      <Touched figures={figures} />
    </div>
  </>
)
