import { type ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { type Exchange } from '../../model/exchange.js'
import { isRefusal } from '../../model/problem.js'
import { ProblemNotice } from '../../parts/notice.js'
import { ChooseIdentity } from '../../parts/role-hint.js'
import { type Sent, wasAnswered } from '../../state/send.js'

/** Shows how a request to invalidate was answered. */
export function Outcome ({ sent, children }: {
  sent: Sent
  children: (exchange: Exchange) => ComponentChildren
}) {
  const outcome = useRef<HTMLDivElement>(null)
  useEffect(() => outcome.current?.scrollIntoView({ block: 'nearest' }), [sent])
  return (
    <div ref={outcome}>
      {!wasAnswered(sent)
        ? (
          <ProblemNotice problem={sent.problem} title='No response: it may or may not have taken effect'>
            <p>Repeating it is harmless.</p>
          </ProblemNotice>
          )
        : sent.problem !== undefined
          ? (
            <ProblemNotice problem={sent.problem} title='Nothing was invalidated'>
              {isRefusal(sent) && (
                <div class='row'>
                  <ChooseIdentity />
                </div>
              )}
            </ProblemNotice>
            )
          : children(sent)}
    </div>
  )
}
