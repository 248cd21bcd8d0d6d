import {
  type CacheFigures,
  type Caches,
  type RouteFigures,
  type Routes as RoutesAnswer
} from '../model/api.js'
import { bytes, count, ms, percent } from '../model/format.js'
import { bounds } from '../model/ranges.js'
import { reasonOf } from '../model/reasons.js'
import { type Column, DataTable, figureColumn } from '../parts/data-table.js'
import { Loaded } from '../parts/loaded.js'
import { Page } from '../parts/page.js'
import { RangePicker, rangeInAddress, useRange } from '../parts/range-picker.js'
import { routeColumns, RouteTable, serviceColumn } from '../parts/route-table.js'
import { place } from '../state/place.js'
import { useQuery } from '../state/use-query.js'
import { useStored } from '../state/use-stored.js'
import { RoutePage } from './route/page.js'

const COLUMNS = routeColumns<RouteFigures>('routes', rangeInAddress, [
  figureColumn('requests', 'Requests', ({ requests }) => requests, count),
  figureColumn('hitRatio', 'Hit ratio', ({ hitRatio }) => hitRatio, percent),
  figureColumn('shared', 'Shared', ({ shared }) => shared, count),
  figureColumn('notModified', '304', ({ notModified }) => notModified, count),
  figureColumn('p50', 'p50', ({ latency }) => latency.p50, ms),
  figureColumn('p99', 'p99', ({ latency }) => latency.p99, ms),
  figureColumn('saved', 'Saved', ({ savedMs }) => savedMs, ms),
  {
    id: 'bytes',
    label: 'Sent',
    term: 'bytesSent',
    value: (route) => route.bytes,
    cell: (route) => bytes(route.bytes)
  },
  figureColumn('limited', 'Rate-limited', ({ limited }) => limited, count),
  {
    id: 'errors',
    label: 'Errors',
    term: 'error',
    value: ({ errors }) => errors,
    cell: ({ errors }) => count(errors)
  },
  {
    id: 'reasons',
    label: 'Not stored',
    term: 'reasons',
    isText: true,
    value: ({ reasons }) => Object.values(reasons).reduce((sum, times) => sum + times, 0),
    csv: ({ reasons }) =>
      Object.entries(reasons).map(([reason, times]) => `${reason} ${times}`).join(', '),
    cell: ({ reasons }) =>
      Object.entries(reasons).map(([reason, times]) => (
        <span key={reason} class='reason' title={reasonOf(reason).words}>
          {reason} {count(times)}
        </span>
      ))
  }
])

const CACHE_COLUMNS: readonly Column<CacheFigures>[] = [
  {
    id: 'cache',
    label: 'Cache',
    term: 'cache',
    isText: true,
    value: ({ cache }) => cache,
    cell: ({ cache }) => cache
  },
  serviceColumn,
  { id: 'l1', label: 'Memory', term: 'l1', value: ({ l1 }) => l1, cell: ({ l1 }) => count(l1) },
  { id: 'l2', label: 'Store', term: 'l2', value: ({ l2 }) => l2, cell: ({ l2 }) => count(l2) },
  figureColumn('coalesced', 'Coalesced', ({ coalesced }) => coalesced, count),
  figureColumn('misses', 'Misses', ({ misses }) => misses, count),
  figureColumn('hitRatio', 'Hit ratio', ({ hitRatio }) => hitRatio, percent),
  figureColumn('saved', 'Saved', ({ savedMs }) => savedMs, ms)
]

/** Shows all routes, or the one in the address. */
export function Routes () {
  const [, route] = useStored(place).path
  return route === undefined ? <AllRoutes /> : <RoutePage route={route} />
}

/** Figures of all routes, and of all caches other than response caches. */
function AllRoutes () {
  const range = useRange()
  const routes = useQuery<RoutesAnswer>(
    range.id,
    (now) => `api/stats/routes?${bounds(range, now)}`,
    5000
  )
  const caches = useQuery<Caches>(
    range.id,
    (now) => `api/stats/caches?${bounds(range, now)}`,
    5000
  )
  return (
    <Page title='Routes' tools={<RangePicker />}>
      <p class='lead'>
        Each route over all instances. Choose a route to see its history, and why its responses are
        not stored.
      </p>
      <Loaded query={routes} what='Routes'>
        {(value) => (
          <RouteTable label='Routes' rows={value.routes} columns={COLUMNS} by='requests'>
            No requests {range.within}. <a href='#/try'>Send one</a>.
          </RouteTable>
        )}
      </Loaded>
      <Loaded query={caches} what='Caches'>
        {(value) =>
          value.caches.length > 0 && (
            <section class='panel flush' aria-labelledby='caches'>
              <div class='panel-head'>
                <h2 id='caches'>Fragments and application caches</h2>
              </div>
              <DataTable
                label='Caches'
                rows={value.caches}
                rowKey={({ service, cache }) => `${service} ${cache}`}
                columns={CACHE_COLUMNS}
                initial={{ column: 'saved', direction: 'descending' }}
              />
            </section>
          )}
      </Loaded>
    </Page>
  )
}
