import { type ComponentChildren } from 'preact'
import { type Query } from '../state/use-query.js'
import { ProblemNotice } from './notice.js'
import { Waiting } from './waiting.js'

/** What was asked for, once it is there; before that, that it is waited for; and that it cannot be had, above the last that could. */
export function Loaded<T> ({ query, what, children }: { query: Query<T>, what: string, children: (value: T) => ComponentChildren }) {
  const { value, problem } = query
  return (
    <>
      {problem !== undefined && (
        <ProblemNotice problem={problem} title={value === undefined ? `${what} cannot be shown` : `${what}: this is the last that was known`} />
      )}
      {value !== undefined ? children(value) : problem === undefined && <Waiting>Loading…</Waiting>}
    </>
  )
}
