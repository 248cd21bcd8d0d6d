import type { RouteAdvice } from '@weir/metrics'
import { mainReason, VERDICTS } from '../../model/advice.js'
import { type Advices } from '../../model/api.js'
import { count, ms, percent } from '../../model/format.js'
import { figureColumn } from '../../parts/data-table.js'
import { Loaded } from '../../parts/loaded.js'
import { Page } from '../../parts/page.js'
import { routeColumns, RouteTable } from '../../parts/route-table.js'
import { place } from '../../state/place.js'
import { type Query, useQuery } from '../../state/use-query.js'
import { useStored } from '../../state/use-stored.js'
import { AdvicePage } from './route.js'

const COLUMNS = routeColumns<RouteAdvice>('advice', () => ({}), [
  {
    id: 'verdict',
    label: 'Advice',
    term: 'advice',
    isText: true,
    value: ({ verdict }) => VERDICTS[verdict],
    cell: ({ verdict }) => VERDICTS[verdict]
  },
  {
    id: 'ttl',
    label: 'ttl',
    term: 'ttl',
    value: ({ expected }) => expected?.ttl ?? null,
    cell: ({ expected }) => expected?.ttl ?? '–'
  },
  figureColumn('expectedSaving', 'Saves per hour', savingOf, ms),
  figureColumn('expectedHitRatio', 'Hit ratio', ({ expected }) => expected?.hitRatio ?? null, percent),
  figureColumn('requests', 'Requests', ({ requests }) => requests, count),
  {
    id: 'reason',
    label: 'Reason',
    isText: true,
    value: mainReason,
    cell: (advice) => <span class='prose'>{mainReason(advice)}</span>
  }
])

function savingOf ({ expected }: RouteAdvice): number | null {
  return expected?.savedMsPerHour ?? null
}

/** Shows recommendations for all routes without caching, or for the one in the address. */
export function Advice () {
  const [, route] = useStored(place).path
  const advices = useQuery<Advices>('', () => 'api/stats/advice', 5000)
  return route === undefined
    ? <AllAdvice advices={advices} />
    : <AdvicePage advices={advices} route={route} />
}

const AllAdvice = ({ advices }: { advices: Query<Advices> }) => (
  <Page title='Advice'>
    <p class='lead'>
      Routes without caching, and what caching would bring. Choose a route for the reasons and the
      code.
    </p>
    <Loaded query={advices} what='Advice'>
      {({ routes, cached }) => (
        <>
          <RouteTable label='Advice' rows={routes} columns={COLUMNS} by='expectedSaving'>
            {cached.length > 0
              ? 'No route without caching was requested yet. '
              : 'No route without caching has been observed. '}
            Services observe them with the plugin <code>@weir/fastify/shadow</code>.
          </RouteTable>
          {cached.length > 0 && (
            <p class='muted small'>
              {count(cached.length)} routes are cached already, and not observed.
            </p>
          )}
        </>
      )}
    </Loaded>
  </Page>
)
