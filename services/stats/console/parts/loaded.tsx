import { type ComponentChildren } from 'preact'
import { live } from '../state/live.js'
import { type Query } from '../state/use-query.js'
import { useStored } from '../state/use-stored.js'
import { ProblemNotice } from './notice.js'
import { Waiting } from './waiting.js'

/** What was asked for, once it is there; before that, that it is waited for; and that it cannot be had, above the last that could. */
export function Loaded<T> ({ query, what, children }: { query: Query<T>, what: string, children: (value: T) => ComponentChildren }) {
  const { value, problem } = query
  const { phase } = useStored(live.state)
  // The banner says it for all, and that what is shown is old.
  const isSaid = phase === 'lost' && problem?.status === 0 && value !== undefined
  return (
    <>
      {problem !== undefined && !isSaid && (
        <ProblemNotice problem={problem} title={value === undefined ? `${what} cannot be shown` : `${what}: this is the last that was known`} />
      )}
      {value !== undefined ? children(value) : problem === undefined && <Waiting>Loading…</Waiting>}
    </>
  )
}
