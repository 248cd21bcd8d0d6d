import { useMemo } from 'preact/hooks'
import {
  type History,
  type LimitedClient,
  type LimitedClients,
  type Limits as LimitsAnswer
} from '../model/api.js'
import { columns } from '../model/columns.js'
import { count, rate } from '../model/format.js'
import { bounds, type Range } from '../model/ranges.js'
import { Bar } from '../parts/bars.js'
import { Chart, type ChartSeries } from '../parts/chart.js'
import { CsvButton } from '../parts/csv-button.js'
import { type Column, DataTable, Scroll, TableFoot } from '../parts/data-table.js'
import { Loaded } from '../parts/loaded.js'
import { Page } from '../parts/page.js'
import { RangePicker, useRange, zoom } from '../parts/range-picker.js'
import { serviceColumn } from '../parts/route-table.js'
import { Term } from '../parts/term.js'
import { headersOf, identities } from '../state/identity.js'
import { live } from '../state/live.js'
import { useQuery } from '../state/use-query.js'
import { useStored } from '../state/use-stored.js'

const CLIENTS: readonly Column<LimitedClient>[] = [
  {
    id: 'client',
    label: 'Client',
    term: 'client',
    isText: true,
    value: ({ client }) => client,
    cell: ({ client }) => <code>{client}</code>
  },
  {
    id: 'denied',
    label: 'Rate-limited',
    term: 'limited',
    value: ({ denied }) => denied,
    cell: ({ denied }) => count(denied)
  },
  {
    id: 'policy',
    label: 'Policy',
    term: 'policy',
    isText: true,
    value: ({ policy }) => policy,
    cell: ({ policy }) => policy
  },
  serviceColumn,
  {
    id: 'route',
    label: 'Route',
    term: 'route',
    isText: true,
    value: ({ route }) => route,
    cell: ({ route }) => <code>{route}</code>
  }
]
const LIMITED: readonly ChartSeries[] = [{ label: 'rate-limited', color: 'limited', draw: 'area' }]

/** Shows rate-limited requests by policy and, for visitors that may inspect, by client. */
export function Limits () {
  const range = useRange()
  const limits = useQuery<LimitsAnswer>(
    range.id,
    (now) => `api/stats/limits?${bounds(range, now)}`,
    5000
  )
  return (
    <Page title='Limits' tools={<RangePicker />}>
      <p class='lead'>
        Limits apply to all instances together. A <Term id='client'>client</Term> is a user, or the
        network that requests come from: whole addresses are not stored.
      </p>
      {range.id === '15m' ? <Now /> : <Then range={range} />}
      <Loaded query={limits} what='Limits'>
        {({ policies, clients }) =>
          policies.length === 0
            ? (
              <section class='panel'>
                <p class='empty'>No requests were rate-limited {range.within}.</p>
              </section>
              )
            : (
              <>
                <Policies policies={policies} />
                <Clients count={clients} />
              </>
              )}
      </Loaded>
    </Page>
  )
}

/** Lists rate-limited clients to visitors that may inspect. Others see only their number. */
function Clients ({ count: number }: { count: number }) {
  const range = useRange()
  const { current } = useStored(identities)
  const told = useQuery<LimitedClients>(
    `${range.id} ${current.id}`,
    (now) => `api/stats/limits/clients?${bounds(range, now)}`,
    5000,
    headersOf(current)
  )
  return (
    <section class='panel flush'>
      <div class='panel-head'>
        <h2>Rate-limited clients</h2>
        <span class='small muted'>
          {count(number)} in all{told.value !== undefined && number > 100 && ', the first 100'}
        </span>
      </div>
      <Loaded query={told} what='Rate-limited clients'>
        {({ clients }) => (
          <DataTable
            label='Rate-limited clients'
            rows={clients}
            columns={CLIENTS}
            initial={{ column: 'denied', direction: 'descending' }}
            rowKey={({ client, service, policy, route }) =>
              `${client} ${service} ${policy} ${route}`}
          />
        )}
      </Loaded>
    </section>
  )
}

function Now () {
  const { ticks } = useStored(live.state)
  const drawn = useMemo(() => columns(ticks, [({ limited }) => limited], 2500), [ticks])
  return (
    <section class='panel'>
      <Chart
        title='Rate-limited requests/s'
        empty='The first figures arrive within two seconds.'
        series={LIMITED}
        columns={drawn}
        format={rate}
        height={150}
        zoom={zoom}
      />
    </section>
  )
}

function Then ({ range }: { range: Range }) {
  const history = useQuery<History>(
    range.id,
    (now) => `api/stats/history?${bounds(range, now)}&step=${range.step}`,
    30_000
  )
  const points = history.value?.points
  const drawn = useMemo(
    () => columns(points ?? [], [({ limited }) => limited], range.step === 'minute' ? 150_000 : 9e6),
    [points]
  )
  return (
    <section class='panel'>
      <Loaded query={history} what='The history'>
        {() => (
          <Chart
            title={`Rate-limited requests per ${range.step}`}
            empty='No data for this period.'
            series={LIMITED}
            columns={drawn}
            format={count}
            height={150}
            zoom={zoom}
          />
        )}
      </Loaded>
    </section>
  )
}

function Policies ({ policies }: Pick<LimitsAnswer, 'policies'>) {
  const most = Math.max(...policies.map(({ denied }) => denied))
  return (
    <section class='panel flush' aria-labelledby='policies'>
      <div class='panel-head'>
        <h2 id='policies'>By policy</h2>
      </div>
      <Scroll label='Rate-limited requests by policy'>
        <table>
          <caption class='unseen'>Rate-limited requests by policy</caption>
          <thead>
            <tr>
              <th scope='col'><Term id='policy'>Policy</Term></th>
              <th scope='col'>Service</th>
              <th scope='col' class='number'>
                <Term id='limited'>Rate-limited</Term>
              </th>
              <td class='bar-column' />
            </tr>
          </thead>
          <tbody>
            {policies
              .toSorted((a, b) => b.denied - a.denied)
              .map(({ service, policy, denied }) => (
                <tr key={`${service} ${policy}`}>
                  <th scope='row'>{policy}</th>
                  <td>{service}</td>
                  <td class='number'>{count(denied)}</td>
                  <td class='bar-column'>
                    <Bar part={denied / most} color='limited' />
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      </Scroll>
      <TableFoot>
        <CsvButton
          title='Rate-limited requests by policy'
          table={() => ({
            header: ['policy', 'service', 'rate-limited'],
            rows: policies.map(({ policy, service, denied }) => [policy, service, denied])
          })}
        />
      </TableFoot>
    </section>
  )
}
