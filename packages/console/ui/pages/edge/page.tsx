import { type EdgeAnswer, type EdgeDestination } from '../../model/api.js'
import { count, duration } from '../../model/format.js'
import { type Column, DataTable } from '../../parts/data-table.js'
import { Loaded } from '../../parts/loaded.js'
import { Page } from '../../parts/page.js'
import { serviceColumn } from '../../parts/route-table.js'
import { useQuery } from '../../state/use-query.js'
import { Letters } from './letters.js'

type Row = EdgeDestination & { readonly service: string }

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'destination',
    label: 'Destination',
    term: 'destination',
    isText: true,
    value: ({ destination }) => destination,
    cell: ({ destination }) => destination
  },
  serviceColumn,
  {
    id: 'state',
    label: 'State',
    term: 'edgeState',
    isText: true,
    value: ({ state }) => state,
    cell: ({ state }) => (
      <span class='state' data-alive={state === 'limited' ? undefined : state === 'ok'}>{state}</span>
    )
  },
  {
    id: 'pending',
    label: 'Backlog',
    term: 'backlog',
    value: ({ pending }) => pending,
    cell: ({ pending }) => count(pending)
  },
  {
    id: 'oldest',
    label: 'Oldest',
    value: ({ oldestMs }) => oldestMs,
    cell: ({ pending, oldestMs }) => (pending === 0 ? '–' : duration(oldestMs))
  },
  {
    id: 'confirmed',
    label: 'Delivered',
    value: ({ confirmed }) => confirmed,
    cell: ({ confirmed }) => count(confirmed)
  },
  {
    id: 'failed',
    label: 'Failed calls',
    value: ({ failed }) => failed,
    cell: ({ failed }) => count(failed)
  },
  {
    id: 'dead',
    label: 'Dead letters',
    term: 'deadLetter',
    value: ({ dead }) => dead,
    cell: ({ dead }) => count(dead)
  },
  {
    id: 'error',
    label: 'Last error',
    isText: true,
    value: ({ error }) => error ?? '',
    cell: ({ error }) => error ?? '–'
  }
]

const EVERY_MS = 2000

/** Caches beyond the fleets: their state, and purges that were given up. */
export function EdgePage () {
  const edge = useQuery<EdgeAnswer>('edge', () => 'api/stats/edge', EVERY_MS)
  return (
    <Page title='Edge'>
      <p class='lead'>CDNs, proxies and regions that are purged by each invalidation.</p>
      <Loaded query={edge} what='The edge'>
        {({ services }) =>
          services.length === 0
            ? (
              <section class='panel'>
                <p class='empty'>
                  No live service reports an edge: it needs <code>@weir/fastify/edge</code>, and{' '}
                  <code>@weir/fastify/observability</code> with the store of this console.
                </p>
              </section>
              )
            : (
              <>
                <section class='panel flush'>
                  <DataTable
                    label='Destinations'
                    rows={services.flatMap(({ service, destinations }) =>
                      destinations.map((one) => ({ ...one, service })))}
                    rowKey={({ service, destination }) => `${service} ${destination}`}
                    columns={COLUMNS}
                    initial={{ column: 'destination', direction: 'ascending' }}
                  />
                </section>
                {services.map(({ service, destinations, letters }) => (
                  <Letters
                    key={service}
                    service={service}
                    letters={letters}
                    all={destinations.reduce((sum, { dead }) => sum + dead, 0)}
                  />
                ))}
              </>
              )}
      </Loaded>
    </Page>
  )
}
