import { useEffect, useRef, useState } from 'preact/hooks'
import {
  LoadRefused, LOADS, type LoadResult, runLoad, runPath, WAYS, type Way, WORKS, type Work
} from '../../../../services/storefront/src/lab/load.js'
import { count, ms, rate } from '../model/format.js'
import { addressOf, type Service } from '../model/services.js'
import { Bar } from '../parts/bars.js'
import { Choices } from '../parts/choices.js'
import { Scroll } from '../parts/data-table.js'
import { Field } from '../parts/field.js'
import { Notice } from '../parts/notice.js'
import { Waiting } from '../parts/waiting.js'

/** Colors of the ways, which are those of the shop's lab. */
const COLORS: Readonly<Record<Way, string>> = {
  uncached: 'miss', memoized: 'l1', stored: 'l2', cached: 'coalesced'
}

interface Row extends LoadResult {
  readonly way: Way
  readonly label: string
}

type State =
  { readonly kind: 'idle' } |
  { readonly kind: 'running', readonly label: string, readonly step: number } |
  { readonly kind: 'done', readonly rows: readonly Row[] } |
  { readonly kind: 'refused', readonly refusal: LoadRefused }

/** Measures the four ways of the shop's lab under load from this browser. */
export function CompareWays ({ lab }: { lab: Service }) {
  const [work, setWork] = useState<Work>('fibonacci')
  const [requests, setRequests] = useState<number>(LOADS.requests[1])
  const [concurrency, setConcurrency] = useState<number>(LOADS.concurrency[2])
  const [state, setState] = useState<State>({ kind: 'idle' })
  const running = useRef<AbortController>(null)
  useEffect(() => () => running.current?.abort(), [])

  const run = async (signal: AbortSignal): Promise<State> => {
    const rows: Row[] = []
    try {
      for (const { way, label } of WAYS) {
        setState({ kind: 'running', label, step: rows.length + 1 })
        const load = { url: addressOf(lab, runPath(way, work)), requests, concurrency, signal }
        rows.push({ way, label, ...await runLoad(load) })
      }
      return { kind: 'done', rows }
    } catch (error) {
      if (error instanceof LoadRefused) return { kind: 'refused', refusal: error }
      throw error
    }
  }
  const submit = (event: Event) => {
    event.preventDefault()
    const ended = new AbortController()
    running.current = ended
    run(ended.signal)
      .then((done) => {
        if (!ended.signal.aborted) setState(done)
      })
      .catch((error: unknown) => {
        if (!ended.signal.aborted) console.error(error)
      })
  }
  const stop = () => {
    running.current?.abort()
    setState({ kind: 'idle' })
  }

  return (
    <>
      <section class='panel' aria-labelledby='ways'>
        <div class='panel-head'>
          <h2 id='ways'>Four ways to one expensive result</h2>
          <a class='small' href={addressOf(lab, lab.demos['lab'] ?? '/')}>
            The lab of the shop
          </a>
        </div>
        <form class='fields' onSubmit={submit}>
          <Choices
            label='Compute'
            options={WORKS.map(({ work, label }) => ({ id: work, label }))}
            value={work}
            onChange={setWork}
          />
          <Field label='Requests of each way'>
            {(attributes) => (
              <select
                {...attributes}
                value={requests}
                onChange={({ currentTarget: { value } }) => setRequests(Number(value))}
              >
                {LOADS.requests.map((number) => (
                  <option key={number}>{number}</option>
                ))}
              </select>
            )}
          </Field>
          <Field label='At once'>
            {(attributes) => (
              <select
                {...attributes}
                value={concurrency}
                onChange={({ currentTarget: { value } }) => setConcurrency(Number(value))}
              >
                {LOADS.concurrency.map((number) => (
                  <option key={number}>{number}</option>
                ))}
              </select>
            )}
          </Field>
          <button class='button primary' type='submit' disabled={state.kind === 'running'}>
            Run the load
          </button>
        </form>
      </section>
      {state.kind === 'running' && (
        <section class='panel'>
          <Waiting>
            {state.step} of {WAYS.length}: {state.label}
          </Waiting>
          <div class='row'>
            <button class='button' type='button' onClick={stop}>
              Stop
            </button>
          </div>
        </section>
      )}
      {state.kind === 'refused' && <Refusal refusal={state.refusal} />}
      {state.kind === 'done' && <Ways rows={state.rows} />}
    </>
  )
}

function Refusal ({ refusal: { status, message } }: { refusal: LoadRefused }) {
  if (status === 404) {
    return (
      <Notice tone='warn' title='The shop has no lab here'>
        <p>
          It is switched off: start its service with <code>LAB=true</code>.
        </p>
      </Notice>
    )
  }
  return (
    <Notice tone='bad' title='The load was not run'>
      <p>{message}</p>
    </Notice>
  )
}

function Ways ({ rows }: { rows: readonly Row[] }) {
  const uncached = rows.find(({ way }) => way === 'uncached')
  const cached = rows.find(({ way }) => way === 'cached')
  const most = Math.max(...rows.map(({ perSecond }) => perSecond))
  const lost = rows.reduce((sum, { refused, failed }) => sum + refused + failed, 0)
  const times = (perSecond: number) => uncached === undefined || uncached.perSecond === 0
    ? '–'
    : `${rate(perSecond / uncached.perSecond)}×`
  return (
    <section class='panel flush' aria-label='Ways compared'>
      <p role='status'>
        A cached response takes {ms(cached?.p50)} where computing takes {ms(uncached?.p50)} (p50):{' '}
        {count(cached?.perSecond)} instead of {count(uncached?.perSecond)} requests/s.
      </p>
      <Scroll label='Ways'>
        <table>
          <caption class='unseen'>Throughput and latency, by way</caption>
          <thead>
            <tr>
              <th scope='col'>Way</th>
              <th scope='col' class='number'>
                Requests/s
              </th>
              <td />
              <th scope='col' class='number'>
                Speed-up
              </th>
              <th scope='col' class='number'>
                p50
              </th>
              <th scope='col' class='number'>
                p95
              </th>
              <th scope='col' class='number'>
                p99
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ way, label, perSecond, p50, p95, p99 }) => (
              <tr key={way}>
                <th scope='row'>{label}</th>
                <td class='number'>{count(perSecond)}</td>
                <td class='bar-cell'>
                  <Bar part={perSecond / most} color={COLORS[way]} />
                </td>
                <td class='number'>{times(perSecond)}</td>
                <td class='number'>{ms(p50)}</td>
                <td class='number'>{ms(p95)}</td>
                <td class='number'>{ms(p99)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class='small muted'>
        Measured by this browser, network included; each way was warm when its figures began.
        {lost > 0 && ` ${count(lost)} requests were refused or failed, and are left out.`}
      </p>
    </section>
  )
}
