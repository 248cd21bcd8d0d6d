import { useEffect, useRef, useState } from 'preact/hooks'
import { type Comparison, type ComparisonResult } from '../model/api.js'
import { bytes, count, ms, rate } from '../model/format.js'
import { type Problem } from '../model/problem.js'
import { addressOf, examplesOf, type Service } from '../model/services.js'
import { Bar } from '../parts/bars.js'
import { Scroll } from '../parts/data-table.js'
import { Field } from '../parts/field.js'
import { ProblemNotice } from '../parts/notice.js'
import { Page } from '../parts/page.js'
import { Waiting } from '../parts/waiting.js'
import { getJson } from '../state/get-json.js'
import { identities } from '../state/identity.js'
import { useNow } from '../state/now.js'
import { useDemo } from '../state/services.js'
import { CompareRoute } from './compare-route.js'
import { CompareWays } from './compare-ways.js'

const SOURCES = {
  handler: { label: 'Computed by the handler', color: 'miss' },
  store: { label: 'From the store', color: 'l2' },
  memory: { label: 'From memory', color: 'l1' }
} as const

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'measuring'; readonly since: number }
  | { readonly kind: 'measured'; readonly comparison: Comparison }
  | { readonly kind: 'failed'; readonly problem: Problem }

const LONGEST_MS = 30_000

/** Compares cached and computed results of the available services. */
export function Compare () {
  const [lab, measuring] = [useDemo('lab'), useDemo('compare')]
  return (
    <Page title='Compare'>
      <p class='lead'>Compares cached with computed responses.</p>
      {lab !== undefined && <CompareWays lab={lab} />}
      {measuring === undefined ? <CompareRoute /> : <ComparePage service={measuring} />}
    </Page>
  )
}

/** Compares a response computed and from each tier, measured within the serving instance. */
function ComparePage ({ service }: { service: Service }) {
  const examples = examplesOf([{ ...service, publicUrl: null }], true)
  const [typed, setPath] = useState<string>()
  const path = typed ?? examples[0] ?? '/'
  const [samples, setSamples] = useState('40')
  const [state, setState] = useState<State>({ kind: 'idle' })
  const running = useRef<AbortController>(null)
  useEffect(() => () => running.current?.abort(), [])

  const measure = (event: Event) => {
    event.preventDefault()
    const ended = new AbortController()
    running.current = ended
    setState({ kind: 'measuring', since: Date.now() })
    const { token } = identities.get().current
    const query = new URLSearchParams({ path, samples })
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(LONGEST_MS)])
    const fields = token === undefined ? {} : { authorization: `Bearer ${token}` }
    getJson<Comparison>(
      `${addressOf(service, service.demos['compare'] ?? '/')}?${query}`,
      signal,
      fields
    ).then((answer) => {
      if (ended.signal.aborted) return
      setState(
        'value' in answer
          ? { kind: 'measured', comparison: answer.value }
          : { kind: 'failed', problem: answer.problem }
      )
    }).catch(console.error)
  }
  const stop = () => {
    running.current?.abort()
    setState({ kind: 'idle' })
  }

  return (
    <>
      <section class='panel' aria-labelledby='page'>
        <div class='panel-head'>
          <h2 id='page'>A response of {service.service} from three places</h2>
        </div>
        <p class='small muted'>
          Computed by the handler, read from the shared store, and read from the memory of one
          instance. Measured in that instance, in turns, without the network.
        </p>
        <form class='fields' onSubmit={measure}>
          <Field label='Path' class='grow'>
            {(attributes) => (
              <input
                {...attributes}
                class='mono'
                type='text'
                required
                pattern='/.*'
                title='A path, such as /products?limit=20'
                spellcheck={false}
                value={path}
                onInput={({ currentTarget: { value } }) => setPath(value)}
              />
            )}
          </Field>
          <Field label='Samples'>
            {(attributes) => (
              <input
                {...attributes}
                type='number'
                required
                min={5}
                max={200}
                value={samples}
                onInput={({ currentTarget: { value } }) => setSamples(value)}
              />
            )}
          </Field>
          <button class='button primary' type='submit' disabled={state.kind === 'measuring'}>
            Measure
          </button>
        </form>
      </section>
      {state.kind === 'measuring' && <Measuring since={state.since} onStop={stop} />}
      {state.kind === 'failed' && (
        <ProblemNotice problem={state.problem} title='The measurement failed' />
      )}
      {state.kind === 'measured' && <Results comparison={state.comparison} />}
    </>
  )
}

function Measuring ({ since, onStop }: { since: number, onStop: () => void }) {
  const seconds = Math.max(0, Math.round((useNow() - since) / 1000))
  return (
    <section class='panel'>
      <Waiting>Measuring. This takes a few seconds.</Waiting>
      <div class='row'>
        <button class='button' type='button' onClick={onStop}>
          Stop
        </button>
        <span class='muted small'>{seconds} s</span>
      </div>
    </section>
  )
}

function Results ({ comparison: { path, bytes: size, results } }: { comparison: Comparison }) {
  const longest = Math.max(...results.map(({ medianMs }) => medianMs))
  const computed = results.find(({ source }) => source === 'handler')?.medianMs
  const leftOut = results.reduce((sum, result) => sum + result.leftOut, 0)
  return (
    <section class='panel flush' aria-labelledby='compared'>
      <div class='panel-head'>
        <h2 id='compared'>
          <code>{path}</code>
        </h2>
        <span class='small muted'>{bytes(size)}</span>
      </div>
      <p role='status'>{sentence(results)}</p>
      <Scroll label='Comparison'>
        <table>
          <caption class='unseen'>Latency by source</caption>
          <thead>
            <tr>
              <th scope='col'>Answered</th>
              <th scope='col' class='number'>
                Median
              </th>
              <td />
              <th scope='col' class='number'>
                90 %
              </th>
              <th scope='col' class='number'>
                99 %
              </th>
              <th scope='col' class='number'>
                A second
              </th>
              <th scope='col' class='number'>
                As fast
              </th>
              <th scope='col' class='number'>
                Samples
              </th>
            </tr>
          </thead>
          <tbody>
            {results.map((result) => (
              <tr key={result.source}>
                <th scope='row'>{SOURCES[result.source].label}</th>
                <td class='number'>{ms(result.medianMs)}</td>
                <td class='bar-cell'>
                  <Bar part={result.medianMs / longest} color={SOURCES[result.source].color} />
                </td>
                <td class='number'>{ms(result.p90Ms)}</td>
                <td class='number'>{ms(result.p99Ms)}</td>
                <td class='number'>{count(result.requestsPerSecond)}</td>
                <td class='number'>
                  {computed === undefined ? '–' : `${rate(computed / result.medianMs)} ×`}
                </td>
                <td class='number'>{count(result.samples)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {leftOut > 0 && (
        <p class='small muted'>
          {count(leftOut)} answers are left out: they came from elsewhere, as after a write.
        </p>
      )}
    </section>
  )
}

function sentence (results: readonly ComparisonResult[]): string {
  const median = (source: ComparisonResult['source']) =>
    results.find((result) => result.source === source)?.medianMs
  const [handler, store, memory] = [median('handler'), median('store'), median('memory')]
  if (handler === undefined || store === undefined || memory === undefined) return ''
  return (
    `From the store it takes ${ms(store)} instead of ${ms(handler)}, from memory ${ms(memory)}: ` +
    `${rate(handler / store)} and ${rate(handler / memory)} times as fast as computing it.`
  )
}
