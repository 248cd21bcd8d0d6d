import { type InstanceFigures, type Instances as InstancesAnswer } from '../../model/api.js'
import { bytes, count, dateTime, duration, ms, percent } from '../../model/format.js'
import { hashOf } from '../../model/hash.js'
import { bounds } from '../../model/ranges.js'
import { type Column, DataTable, figureColumn } from '../../parts/data-table.js'
import { Loaded } from '../../parts/loaded.js'
import { Page } from '../../parts/page.js'
import { RangePicker, useRange } from '../../parts/range-picker.js'
import { useQuery } from '../../state/use-query.js'
import { SharingMatrix } from './sharing-matrix.js'

const columns = (asOf: number | null): readonly Column<InstanceFigures>[] => [
  {
    id: 'instance',
    label: 'Instance',
    term: 'instance',
    isText: true,
    value: ({ instance }) => instance,
    cell: ({ instance, service }) => (
      <a href={hashOf(['events'], { service, instance })} title='Events of this instance'>
        {instance}
      </a>
    )
  },
  {
    id: 'state',
    label: 'State',
    term: 'instanceState',
    isText: true,
    value: ({ alive, endedAt }) => (alive ? 'up' : endedAt === null ? 'gone' : 'ended'),
    cell: ({ alive, endedAt, lastSeenAt }) => (
      <span class='state' data-alive={alive} data-ended={endedAt !== null}>
        {alive
          ? 'up'
          : `${endedAt === null ? 'gone' : 'ended'}, ${duration(asOf === null ? null : asOf - lastSeenAt)} ago`}
      </span>
    )
  },
  figureColumn('requests', 'Requests', ({ requests }) => requests, count),
  figureColumn('hitRatio', 'Hit ratio', ({ hitRatio }) => hitRatio, percent),
  figureColumn('shared', 'Shared', ({ shared }) => shared, count),
  {
    id: 'computed',
    label: 'Computed',
    term: 'computed',
    value: ({ outcomes }) => outcomes.miss ?? 0,
    cell: ({ outcomes }) => count(outcomes.miss ?? 0)
  },
  figureColumn('entries', 'Entries', ({ l1 }) => l1.entries, count),
  {
    id: 'l1Bytes',
    label: 'Memory',
    term: 'memoryBytes',
    value: ({ l1 }) => l1.bytes,
    cell: ({ l1 }) => bytes(l1.bytes)
  },
  figureColumn('evictions', 'Evicted', ({ l1 }) => l1.evictions, count),
  figureColumn('rss', 'RSS', ({ rssBytes }) => rssBytes, bytes),
  {
    id: 'delay',
    label: 'Event loop p99',
    term: 'eventLoop',
    value: ({ eventLoopDelayMs }) => eventLoopDelayMs,
    cell: ({ eventLoopDelayMs }) => ms(eventLoopDelayMs)
  },
  {
    id: 'startedAt',
    label: 'Started',
    value: ({ startedAt }) => startedAt,
    csv: ({ startedAt }) => new Date(startedAt).toISOString(),
    cell: ({ startedAt }) => dateTime(startedAt)
  },
  {
    id: 'process',
    label: 'Process',
    isText: true,
    value: ({ pid }) => pid,
    csv: ({ pid, node }) => `${pid}, Node ${node}`,
    cell: ({ pid, node }) => (
      <span class='nowrap'>
        {pid}, Node {node}
      </span>
    )
  }
]

/** Shows the instances, their figures, and which instance computed each hit. */
export function Instances () {
  const range = useRange()
  const instances = useQuery<InstancesAnswer>(
    range.id,
    (now) => `api/stats/instances?${bounds(range, now)}`,
    3000
  )
  return (
    <Page title='Instances' tools={<RangePicker />}>
      <Loaded query={instances} what='Instances'>
        {({ asOf, instances }) =>
          instances.length === 0
            ? (
              <section class='panel'>
                <p class='empty'>No instance reported {range.within}.</p>
              </section>
              )
            : (
              <>
                <section class='panel flush'>
                  <DataTable
                    label='Instances'
                    rows={instances}
                    rowKey={({ run }) => run}
                    columns={columns(asOf)}
                    initial={{ column: 'instance', direction: 'ascending' }}
                  />
                </section>
                <SharingMatrix instances={instances} />
              </>
              )}
      </Loaded>
    </Page>
  )
}
