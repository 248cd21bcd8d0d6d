import { type ComponentChildren } from 'preact'
import { live } from '../state/live.js'
import { type Query } from '../state/use-query.js'
import { useStored } from '../state/use-stored.js'
import { ProblemNotice } from './notice.js'
import { Waiting } from './waiting.js'

/**
 * What was asked for, once it is there; before that, that it is waited for; and that it cannot be
 * had, above the last that could.
 */
export function Loaded<T> ({ query: { value, problem }, what, onRetry, children }: {
  query: Query<T>
  what: string
  /** For what is not asked for again by itself. */
  onRetry?: () => void
  children: (value: T) => ComponentChildren
}) {
  const { phase } = useStored(live.state)
  // The banner says it for all, and that what is shown is old.
  const isSaid = phase === 'lost' && problem?.status === 0 && value !== undefined
  return (
    <>
      {problem !== undefined && !isSaid && (
        <ProblemNotice
          problem={problem}
          title={
            value === undefined
              ? `${what} cannot be shown`
              : `${what}: this is the last that was known`
          }
        >
          {onRetry !== undefined && (
            <div class='row'>
              <button class='button compact' type='button' onClick={onRetry}>
                Try again
              </button>
            </div>
          )}
        </ProblemNotice>
      )}
      {value !== undefined
        ? children(value)
        : problem === undefined && <Waiting>Loading…</Waiting>}
    </>
  )
}
