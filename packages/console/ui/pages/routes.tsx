import {
  type CacheFigures,
  type Caches,
  type RouteFigures,
  type Routes as RoutesAnswer
} from '../model/api.js'
import { bytes, count, ms, percent } from '../model/format.js'
import { bounds } from '../model/ranges.js'
import { type Column, DataTable } from '../parts/data-table.js'
import { Loaded } from '../parts/loaded.js'
import { Page } from '../parts/page.js'
import { RangePicker, useRange } from '../parts/range-picker.js'
import { useQuery } from '../state/use-query.js'

const COLUMNS: readonly Column<RouteFigures>[] = [
  {
    id: 'route',
    label: 'Route',
    isText: true,
    value: ({ route }) => route,
    cell: ({ route }) => <code>{route}</code>
  },
  {
    id: 'service',
    label: 'Service',
    isText: true,
    value: ({ service }) => service,
    cell: ({ service }) => service
  },
  {
    id: 'requests',
    label: 'Requests',
    value: ({ requests }) => requests,
    cell: ({ requests }) => count(requests)
  },
  {
    id: 'hitRatio',
    label: 'Hit ratio',
    value: ({ hitRatio }) => hitRatio,
    cell: ({ hitRatio }) => percent(hitRatio)
  },
  {
    id: 'shared',
    label: 'Shared',
    value: ({ shared }) => shared,
    cell: ({ shared }) => count(shared)
  },
  {
    id: 'notModified',
    label: '304',
    value: ({ notModified }) => notModified,
    cell: ({ notModified }) => count(notModified)
  },
  {
    id: 'p50',
    label: 'Median',
    value: ({ latency }) => latency.p50,
    cell: ({ latency }) => ms(latency.p50)
  },
  {
    id: 'p99',
    label: '99 %',
    value: ({ latency }) => latency.p99,
    cell: ({ latency }) => ms(latency.p99)
  },
  {
    id: 'saved',
    label: 'Saved',
    value: ({ savedMs }) => savedMs,
    cell: ({ savedMs }) => ms(savedMs)
  },
  {
    id: 'bytes',
    label: 'Sent',
    value: (route) => route.bytes,
    cell: (route) => bytes(route.bytes)
  },
  {
    id: 'limited',
    label: 'Limited',
    value: ({ limited }) => limited,
    cell: ({ limited }) => count(limited)
  },
  {
    id: 'errors',
    label: 'Errors',
    value: ({ errors }) => errors,
    cell: ({ errors }) => count(errors)
  },
  {
    id: 'reasons',
    label: 'Not kept because',
    isText: true,
    value: ({ reasons }) => Object.values(reasons).reduce((sum, times) => sum + times, 0),
    cell: ({ reasons }) =>
      Object.entries(reasons).map(([reason, times]) => (
        <span key={reason} class='reason'>
          {reason} {count(times)}
        </span>
      ))
  }
]

const CACHE_COLUMNS: readonly Column<CacheFigures>[] = [
  {
    id: 'cache',
    label: 'Cache',
    isText: true,
    value: ({ cache }) => cache,
    cell: ({ cache }) => cache
  },
  {
    id: 'service',
    label: 'Service',
    isText: true,
    value: ({ service }) => service,
    cell: ({ service }) => service
  },
  { id: 'l1', label: 'Memory', value: ({ l1 }) => l1, cell: ({ l1 }) => count(l1) },
  { id: 'l2', label: 'Store', value: ({ l2 }) => l2, cell: ({ l2 }) => count(l2) },
  {
    id: 'coalesced',
    label: 'Coalesced',
    value: ({ coalesced }) => coalesced,
    cell: ({ coalesced }) => count(coalesced)
  },
  {
    id: 'misses',
    label: 'Misses',
    value: ({ misses }) => misses,
    cell: ({ misses }) => count(misses)
  },
  {
    id: 'hitRatio',
    label: 'Hit ratio',
    value: ({ hitRatio }) => hitRatio,
    cell: ({ hitRatio }) => percent(hitRatio)
  },
  {
    id: 'saved',
    label: 'Saved',
    value: ({ savedMs }) => savedMs,
    cell: ({ savedMs }) => ms(savedMs)
  }
]

/** Figures of each route of each service, and of each cache besides the response caches. */
export function Routes () {
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
        Each route over all instances. Shared are hits that were answered with what another
        instance had computed; saved is the time that handlers did not have to run.
      </p>
      <Loaded query={routes} what='Routes'>
        {(value) =>
          value.routes.length === 0
            ? (
              <section class='panel'>
                <p class='empty'>
                  No route was asked for in the last {range.stretch}.{' '}
                  <a href='#/try'>Send a request.</a>
                </p>
              </section>
              )
            : (
              <section class='panel flush'>
                <DataTable
                  label='Routes'
                  rows={value.routes}
                  rowKey={({ service, route }) => `${service} ${route}`}
                  columns={COLUMNS}
                  initial={{ column: 'requests', direction: 'descending' }}
                />
              </section>
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
