import { type InstanceFigures, type Instances as InstancesAnswer } from '../../model/api.js'
import { bytes, count, dateTime, duration, ms, percent } from '../../model/format.js'
import { bounds } from '../../model/ranges.js'
import { type Column, DataTable } from '../../parts/data-table.js'
import { Loaded } from '../../parts/loaded.js'
import { Page } from '../../parts/page.js'
import { RangePicker, useRange } from '../../parts/range-picker.js'
import { useQuery } from '../../state/use-query.js'
import { SharingMatrix } from './sharing-matrix.js'

const columns = (asOf: number | null): readonly Column<InstanceFigures>[] => [
  {
    id: 'instance',
    label: 'Instance',
    isText: true,
    value: ({ instance }) => instance,
    cell: ({ instance }) => instance
  },
  {
    id: 'state',
    label: 'State',
    isText: true,
    value: ({ alive }) => alive,
    cell: ({ alive, lastSeenAt }) => (
      <span class='state' data-alive={alive}>
        {alive ? 'up' : `gone for ${duration(asOf === null ? null : asOf - lastSeenAt)}`}
      </span>
    )
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
    id: 'computed',
    label: 'Computed',
    value: ({ outcomes }) => outcomes.miss ?? 0,
    cell: ({ outcomes }) => count(outcomes.miss ?? 0)
  },
  {
    id: 'entries',
    label: 'In memory',
    value: ({ l1 }) => l1.entries,
    cell: ({ l1 }) => count(l1.entries)
  },
  {
    id: 'l1Bytes',
    label: 'of size',
    value: ({ l1 }) => l1.bytes,
    cell: ({ l1 }) => bytes(l1.bytes)
  },
  {
    id: 'evictions',
    label: 'Evicted',
    value: ({ l1 }) => l1.evictions,
    cell: ({ l1 }) => count(l1.evictions)
  },
  {
    id: 'rss',
    label: 'RSS',
    value: ({ rssBytes }) => rssBytes,
    cell: ({ rssBytes }) => bytes(rssBytes)
  },
  {
    id: 'delay',
    label: 'Event loop 99 %',
    value: ({ eventLoopDelayMs }) => eventLoopDelayMs,
    cell: ({ eventLoopDelayMs }) => ms(eventLoopDelayMs)
  },
  {
    id: 'startedAt',
    label: 'Started',
    value: ({ startedAt }) => startedAt,
    cell: ({ startedAt }) => dateTime(startedAt)
  },
  {
    id: 'process',
    label: 'Process',
    isText: true,
    value: ({ pid }) => pid,
    cell: ({ pid, node }) => (
      <span class='nowrap'>
        {pid}, Node {node}
      </span>
    )
  }
]

/** The instances, their work, and the sharing of responses between them. */
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
                <p class='empty'>No instance has been heard of in the last {range.stretch}.</p>
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
