import { useMemo } from 'preact/hooks'
import {
  type LimitedClient,
  type LimitedClients,
  type Limits as LimitsAnswer
} from '../model/api.js'
import { columns } from '../model/columns.js'
import { count, rate } from '../model/format.js'
import { bounds } from '../model/ranges.js'
import { may } from '../model/token.js'
import { Bar } from '../parts/bars.js'
import { Chart, type ChartSeries } from '../parts/chart.js'
import { type Column, DataTable, Scroll } from '../parts/data-table.js'
import { Loaded } from '../parts/loaded.js'
import { Page } from '../parts/page.js'
import { RangePicker, useRange } from '../parts/range-picker.js'
import { RoleHint } from '../parts/role-hint.js'
import { identities } from '../state/identity.js'
import { live } from '../state/live.js'
import { useQuery } from '../state/use-query.js'
import { useStored } from '../state/use-stored.js'

const CLIENTS: readonly Column<LimitedClient>[] = [
  {
    id: 'client',
    label: 'Client',
    isText: true,
    value: ({ client }) => client,
    cell: ({ client }) => <code>{client}</code>
  },
  {
    id: 'denied',
    label: 'Refused',
    value: ({ denied }) => denied,
    cell: ({ denied }) => count(denied)
  },
  {
    id: 'policy',
    label: 'By policy',
    isText: true,
    value: ({ policy }) => policy,
    cell: ({ policy }) => policy
  },
  {
    id: 'service',
    label: 'Service',
    isText: true,
    value: ({ service }) => service,
    cell: ({ service }) => service
  },
  {
    id: 'route',
    label: 'Route',
    isText: true,
    value: ({ route }) => route,
    cell: ({ route }) => <code>{route}</code>
  }
]
const LIMITED: readonly ChartSeries[] = [{ label: 'refused', color: 'limited', draw: 'area' }]

/** Denied requests by limit; and, for admins, the clients that were denied. */
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
        Limits are those of all instances together. A client is a user, or the network that
        requests come from: whole addresses are not kept.
      </p>
      <Now />
      <Loaded query={limits} what='Limits'>
        {({ policies, clients }) =>
          policies.length === 0
            ? (
              <section class='panel'>
                <p class='empty'>Nobody was refused in the last {range.stretch}.</p>
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

/** Clients that were denied, for the role admin; others see their number. */
function Clients ({ count: number }: { count: number }) {
  const { current } = useStored(identities)
  const isAdmin = may(current.role, 'admin')
  return (
    <section class='panel flush'>
      <div class='panel-head'>
        <h2>Refused clients</h2>
        <span class='small muted'>
          {count(number)} in all{isAdmin && number > 100 && ', the 100 refused most'}
        </span>
      </div>
      {isAdmin
        ? (
          <ClientsTable id={current.id} token={current.token ?? ''} />
          )
        : (
          <RoleHint needed='admin' what='Seeing which clients were refused' />
          )}
    </section>
  )
}

function ClientsTable ({ id, token }: { id: string, token: string }) {
  const range = useRange()
  const told = useQuery<LimitedClients>(
    `${range.id} ${id}`,
    (now) => `api/stats/limits/clients?${bounds(range, now)}`,
    5000,
    {
      authorization: `Bearer ${token}`
    }
  )
  return (
    <Loaded query={told} what='Refused clients'>
      {({ clients }) => (
        <DataTable
          label='Refused clients'
          rows={clients}
          columns={CLIENTS}
          initial={{ column: 'denied', direction: 'descending' }}
          rowKey={({ client, service, policy, route }) =>
            `${client} ${service} ${policy} ${route}`}
        />
      )}
    </Loaded>
  )
}

function Now () {
  const { ticks } = useStored(live.state)
  const drawn = useMemo(() => columns(ticks, [({ limited }) => limited], 2500), [ticks])
  return (
    <section class='panel'>
      <Chart
        title='Refused a second'
        empty='The first figures come within a second or two.'
        series={LIMITED}
        columns={drawn}
        format={rate}
        height={150}
      />
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
      <Scroll label='Refused requests by policy'>
        <table>
          <caption class='unseen'>Refused requests by policy</caption>
          <thead>
            <tr>
              <th scope='col'>Policy</th>
              <th scope='col'>Service</th>
              <th scope='col' class='number'>
                Refused
              </th>
              <td />
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
                  <td>
                    <Bar part={denied / most} color='limited' />
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  )
}
