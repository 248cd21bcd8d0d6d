import { type ComponentChildren } from 'preact'
import { isRefusal } from '../model/problem.js'
import { live } from '../state/live.js'
import { type Query } from '../state/use-query.js'
import { useStored } from '../state/use-stored.js'
import { ProblemNotice } from './notice.js'
import { Refused } from './role-hint.js'
import { Waiting } from './waiting.js'

/**
 * Shows the value of a query: a waiting note until it arrives, a hint if the server refuses it, and
 * an error above the last value if a later request fails.
 */
export function Loaded<T> ({ query: { value, problem }, what, onRetry, children }: {
  query: Query<T>
  what: string
  /** Retries a query that does not refetch by itself. */
  onRetry?: () => void
  children: (value: T) => ComponentChildren
}) {
  const { phase } = useStored(live.state)
  if (value === undefined && problem !== undefined && isRefusal(problem)) {
    return <Refused problem={problem} what={what} />
  }
  // The banner already reports the lost connection and that figures are outdated.
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
