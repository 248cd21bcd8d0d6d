import { useState } from 'preact/hooks'
import { ms } from '../../model/format.js'
import { pathOf } from '../../model/exchange.js'
import { labelOf } from '../../model/outcomes.js'
import { examplesOf, originsOf } from '../../model/services.js'
import { Field } from '../../parts/field.js'
import { PathField } from '../../parts/path-field.js'
import { Page } from '../../parts/page.js'
import { identities } from '../../state/identity.js'
import { place } from '../../state/place.js'
import { wasAnswered } from '../../state/send.js'
import { useServices } from '../../state/services.js'
import { useStored } from '../../state/use-stored.js'
import { EntryView } from './entry.js'
import { entries, request } from './sent.js'

const METHODS = ['GET', 'HEAD'] as const

/** Sends requests and explains how each was answered. */
export function TryIt () {
  const sent = useStored(entries)
  const last = sent.findLast((entry) => entry.sent !== undefined)?.sent
  return (
    <Page title='Try it'>
      <p class='lead'>
        Requests take the same path as those of any client. The browser cache is bypassed.
      </p>
      <section class='panel'>
        <RequestForm />
      </section>
      <p class='unseen' role='status'>
        {last !== undefined &&
          (wasAnswered(last)
            ? `${last.status}, ${labelOf(last.outcome)}, ${ms(last.ms)}. ${last.words}`
            : last.problem.detail)}
      </p>
      {sent.length === 0
        ? (
          <section class='panel'>
            <p class='empty'>
              No requests yet. Send the same request twice: the second response comes from the
              cache.
            </p>
          </section>
          )
        : (
          <section class='stack' aria-labelledby='sent'>
            <div class='row'>
              <h2 id='sent'>Sent, newest first</h2>
              <button class='button quiet compact' type='button' onClick={() => entries.set([])}>
                Clear
              </button>
            </div>
            <ol class='sent'>
              {sent.toReversed().map((entry) => (
                <EntryView key={entry.number} entry={entry} longest={longestOf(sent)} />
              ))}
            </ol>
          </section>
          )}
    </Page>
  )
}

/** Longest round trip in ms. */
const longestOf = (all: ReturnType<typeof entries.get>): number =>
  Math.max(1, ...all.map(({ sent }) => sent !== undefined && wasAnswered(sent) ? sent.ms : 0))

function RequestForm () {
  const { query } = useStored(place)
  const { current } = useStored(identities)
  const [method, setMethod] = useState<typeof METHODS[number]>('GET')
  const services = useServices()
  const suggestions = examplesOf(services)
  const [edited, setTyped] = useState<string>()
  const typed = edited ?? query.get('path') ?? suggestions[0] ?? '/'
  const [mistake, setMistake] = useState<string>()
  const submit = (event: Event) => {
    event.preventDefault()
    const result = pathOf(typed, location.origin, originsOf(services))
    setMistake('mistake' in result ? result.mistake : undefined)
    if ('path' in result) request({ method, path: result.path }, current.id)
  }
  return (
    <form class='fields' onSubmit={submit}>
      <Field label='Method'>
        {(attributes) => (
          <select
            {...attributes}
            value={method}
            onChange={({ currentTarget: { value } }) =>
              setMethod(value === 'HEAD' ? 'HEAD' : 'GET')}
          >
            {METHODS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
      </Field>
      <PathField
        value={typed}
        mistake={mistake}
        suggestions={suggestions}
        onInput={setTyped}
      />
      <button class='button primary' type='submit'>
        Send as {current.label}
      </button>
    </form>
  )
}
