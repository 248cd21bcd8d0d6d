import { useEffect, useRef, useState } from 'preact/hooks'
import { pathOf } from '../model/exchange.js'
import { ms, rate } from '../model/format.js'
import { labelOf } from '../model/outcomes.js'
import { type Problem } from '../model/problem.js'
import { quantile, type Timed, timesOf } from '../model/round-trips.js'
import { examplesOf, originsOf } from '../model/services.js'
import { Bar } from '../parts/bars.js'
import { Scroll } from '../parts/data-table.js'
import { PathField } from '../parts/path-field.js'
import { ProblemNotice } from '../parts/notice.js'
import { Waiting } from '../parts/waiting.js'
import { identities } from '../state/identity.js'
import { send, wasAnswered } from '../state/send.js'
import { useServices } from '../state/services.js'

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'measuring' }
  | { readonly kind: 'measured'; readonly path: string; readonly times: readonly Timed[] }
  | { readonly kind: 'failed'; readonly problem: Problem }

const SAMPLES = 20
const BAR = { cached: 'l1', computed: 'miss' } as const

/**
 * Compares one cached route with and without its cache, in alternating requests from this browser.
 */
export function CompareRoute () {
  const services = useServices()
  const examples = examplesOf(services, true)
  const [typed, setTyped] = useState<string>()
  const [mistake, setMistake] = useState<string>()
  const [state, setState] = useState<State>({ kind: 'idle' })
  const running = useRef<AbortController>(null)
  useEffect(() => () => running.current?.abort(), [])
  const address = typed ?? examples[0] ?? ''

  const measure = async (path: string, signal: AbortSignal): Promise<State> => {
    const identity = identities.get().current
    const times: Timed[] = []
    // The first request of each way opens connections and fills the entry; its time does not count.
    for (let sample = 0; sample <= SAMPLES; sample++) {
      for (const bypass of [false, true]) {
        const sent = await send({ method: 'GET', path, bypass }, identity, signal)
        if (sent.problem !== undefined) return { kind: 'failed', problem: sent.problem }
        if (sample > 0 && wasAnswered(sent)) {
          times.push({ way: bypass ? 'computed' : 'cached', ms: sent.ms, outcome: sent.outcome })
        }
      }
    }
    return { kind: 'measured', path, times }
  }
  const submit = (event: Event) => {
    event.preventDefault()
    const result = pathOf(address, location.origin, originsOf(services))
    setMistake('mistake' in result ? result.mistake : undefined)
    if (!('path' in result)) return
    const ended = new AbortController()
    running.current = ended
    setState({ kind: 'measuring' })
    measure(result.path, ended.signal).then((next) => {
      if (!ended.signal.aborted) setState(next)
    }).catch(console.error)
  }
  const stop = () => {
    running.current?.abort()
    setState({ kind: 'idle' })
  }

  return (
    <>
      <section class='panel' aria-labelledby='route'>
        <div class='panel-head'>
          <h2 id='route'>A cached route, with and without the cache</h2>
        </div>
        <p class='small muted'>
          {SAMPLES} requests as they are and {SAMPLES} with Cache-Control: no-cache, in turns, from
          this browser.
        </p>
        <form class='fields' onSubmit={submit}>
          <PathField
            value={address}
            mistake={mistake}
            suggestions={examples}
            onInput={setTyped}
          />
          <button class='button primary' type='submit' disabled={state.kind === 'measuring'}>
            Measure
          </button>
        </form>
      </section>
      {state.kind === 'measuring' && (
        <section class='panel'>
          <Waiting>Measuring. This takes a few seconds.</Waiting>
          <div class='row'>
            <button class='button' type='button' onClick={stop}>
              Stop
            </button>
          </div>
        </section>
      )}
      {state.kind === 'failed' && (
        <ProblemNotice problem={state.problem} title='The route was not measured' />
      )}
      {state.kind === 'measured' && <Measured path={state.path} times={state.times} />}
    </>
  )
}

function Measured ({ path, times }: { path: string, times: readonly Timed[] }) {
  const ways = timesOf(times)
  const [cached, computed] = [ways.cached.p50, ways.computed.p50]
  const longest = Math.max(cached ?? 0, computed ?? 0)
  const factor = cached === undefined || computed === undefined || cached === 0
    ? undefined
    : rate(computed / cached)
  return (
    <section class='panel flush' aria-labelledby='measured'>
      <div class='panel-head'>
        <h2 id='measured'>
          <code>{path}</code>
        </h2>
      </div>
      <p role='status'>
        A cached response takes {ms(cached)}, a computed one {ms(computed)} (p50), network included
        {factor === undefined ? '.' : `: ${factor}×.`}
      </p>
      <Scroll label='Comparison'>
        <table>
          <caption class='unseen'>Round trips, by way</caption>
          <thead>
            <tr>
              <th scope='col'>Request</th>
              <th scope='col' class='number'>
                p50
              </th>
              <td />
              <th scope='col' class='number'>
                p90
              </th>
              <th scope='col'>Answered by</th>
            </tr>
          </thead>
          <tbody>
            {(['cached', 'computed'] as const).map((way) => (
              <tr key={way}>
                <th scope='row'>{way === 'cached' ? 'As it is' : 'With no-cache'}</th>
                <td class='number'>{ms(ways[way].p50)}</td>
                <td class='bar-cell'>
                  <Bar part={(ways[way].p50 ?? 0) / longest} color={BAR[way]} />
                </td>
                <td class='number'>{ms(quantile(ways[way].all, 0.9))}</td>
                <td>{ways[way].outcomes.map((outcome) => labelOf(outcome)).join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  )
}
