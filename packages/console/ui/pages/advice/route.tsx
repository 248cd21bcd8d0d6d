import type { AdviceCandidate, RouteAdvice } from '@weir/metrics'
import { adviceOn, VERDICTS } from '../../model/advice.js'
import { type Advices } from '../../model/api.js'
import { bytes, count, ms, percent } from '../../model/format.js'
import { hashOf } from '../../model/hash.js'
import { CopyButton } from '../../parts/copy-button.js'
import { type Column, DataTable, figureColumn } from '../../parts/data-table.js'
import { Figures } from '../../parts/figures.js'
import { Loaded } from '../../parts/loaded.js'
import { Page } from '../../parts/page.js'
import { place } from '../../state/place.js'
import { type Query } from '../../state/use-query.js'
import { useStored } from '../../state/use-stored.js'

const COLUMNS: readonly Column<AdviceCandidate>[] = [
  {
    id: 'ttl',
    label: 'ttl',
    term: 'ttl',
    isText: true,
    value: ({ ttl }) => ttl,
    cell: ({ ttl }) => ttl
  },
  figureColumn('expectedHitRatio', 'Hit ratio', ({ hitRatio }) => hitRatio, percent),
  figureColumn('staleShare', 'Stale', ({ staleShare }) => staleShare, percent),
  figureColumn('expectedSaving', 'Saves per hour', ({ savedMsPerHour }) => savedMsPerHour, ms),
  figureColumn('expectedMemory', 'Memory', ({ memoryBytes }) => memoryBytes, bytes)
]

/** Recommendation for one route: figures, reasons, code, and the effect of each lifetime. */
export function AdvicePage ({ advices, route }: { advices: Query<Advices>, route: string }) {
  const service = useStored(place).query.get('service') ?? ''
  return (
    <Page id={`advice ${route}`} title={route}>
      <div class='row'>
        <a href={hashOf(['advice'])}>All advice</a>
        <a href={hashOf(['routes', route], { service })}>Requests of the route</a>
      </div>
      <Loaded query={advices} what='Advice'>
        {({ routes }) => {
          const advice = adviceOn(routes, route, service)
          return advice === undefined
            ? (
              <section class='panel'>
                <p class='empty'>This route has not been observed, or is cached.</p>
              </section>
              )
            : <Details advice={advice} />
        }}
      </Loaded>
    </Page>
  )
}

function Details ({ advice }: { advice: RouteAdvice }) {
  const { verdict, expected, reasons, code, candidates, missing } = advice
  const observed = candidates.filter(({ isObserved }) => isObserved)
  return (
    <>
      <Figures
        label='Figures of the route'
        figures={[
          {
            label: 'Advice',
            term: 'advice',
            value: VERDICTS[verdict],
            ...(missing > 0 && { note: `${count(missing)} requests are missing` })
          },
          {
            label: 'Saves per hour',
            term: 'expectedSaving',
            value: ms(expected?.savedMsPerHour ?? null),
            note: `${ms(advice.handlerMs)} per request`
          },
          {
            label: 'Hit ratio',
            term: 'expectedHitRatio',
            value: percent(expected?.hitRatio ?? null)
          },
          {
            label: 'Requests',
            term: 'requests',
            value: count(advice.requests),
            note: `${count(advice.observed)} observed, ${count(advice.compared)} pairs compared, for ` +
              `${count(Math.round(advice.keys))} URLs of ${bytes(advice.bodyBytes)}`
          }
        ]}
      />
      <section class='panel' aria-labelledby='reasons'>
        <h2 id='reasons'>Reasons</h2>
        <ul>
          {reasons.map(({ code, text }) => (
            <li key={text}>
              <span class='reason'>{code}</span> {text}
            </li>
          ))}
        </ul>
      </section>
      {code !== null && (
        <section class='panel' aria-labelledby='code'>
          <div class='panel-head'>
            <h2 id='code'>Options of the route</h2>
            <CopyButton text={code} what='code' />
          </div>
          <pre class='code'>{code}</pre>
        </section>
      )}
      {observed.length > 0 && (
        <section class='panel flush' aria-labelledby='lifetimes'>
          <div class='panel-head'>
            <h2 id='lifetimes'>Effect of each lifetime</h2>
          </div>
          <DataTable
            label='Effect of each lifetime'
            rows={observed}
            rowKey={({ ttl }) => ttl}
            columns={COLUMNS}
            initial={{ column: 'expectedHitRatio', direction: 'ascending' }}
          />
        </section>
      )}
    </>
  )
}
