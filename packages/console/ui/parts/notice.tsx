import { type ComponentChildren } from 'preact'
import { plural } from '../model/meaning.js'
import { type Problem } from '../model/problem.js'

/** A prominent message. Screen readers announce errors immediately and other notices politely. */
export const Notice = ({
  tone,
  title,
  children
}: {
  tone: 'good' | 'warn' | 'bad'
  title: string
  children?: ComponentChildren
}) => (
  <div class='notice' data-tone={tone} role={tone === 'bad' ? 'alert' : 'status'}>
    <strong>{title}</strong>
    {children}
  </div>
)

/** Shows an error as the service reported it. */
export const ProblemNotice = ({
  problem,
  title,
  children
}: {
  problem: Problem
  title: string
  children?: ComponentChildren
}) => (
  <Notice tone='bad' title={title}>
    <p>
      {problem.detail}
      {problem.retryAfter !== undefined &&
        ` Try again in ${plural(problem.retryAfter, 'second')}.`}
    </p>
    {problem.requestId !== undefined && (
      <p class='small muted'>
        Request {problem.requestId}
        {problem.code !== undefined && `, ${problem.code}`}
      </p>
    )}
    {children}
  </Notice>
)
