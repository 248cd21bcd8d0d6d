import { type ComponentChildren } from 'preact'
import { type Exchange } from '../model/exchange.js'
import { answerOf, type Sent } from '../state/send.js'
import { ProblemNotice } from './notice.js'
import { Waiting } from './waiting.js'

/** What was answered, once it is; before that, that it is waited for; and in place of what cannot be shown, why. */
export function Answered ({ sent, what, onRetry, children }: {
  sent: Sent | undefined
  what: string
  onRetry: () => void
  children: (exchange: Exchange) => ComponentChildren
}) {
  const answer = answerOf(sent)
  if (answer !== undefined) return <>{children(answer)}</>
  if (sent?.problem === undefined) return <Waiting>Loading…</Waiting>
  return (
    <ProblemNotice problem={sent.problem} title={`${what} cannot be shown`}>
      <div class='row'><button class='button compact' type='button' onClick={onRetry}>Try again</button></div>
    </ProblemNotice>
  )
}
