import { curlOf, tagsIn } from '../../model/curl.js'
import { type Exchange } from '../../model/exchange.js'
import { duration, ms, time } from '../../model/format.js'
import { Bar } from '../../parts/bars.js'
import { CopyButton } from '../../parts/copy-button.js'
import { ProblemNotice } from '../../parts/notice.js'
import { OutcomeBadge } from '../../parts/outcome.js'
import { identities, identityCalled, nextIdentity } from '../../state/identity.js'
import { type Unanswered, wasAnswered } from '../../state/send.js'
import { useStored } from '../../state/use-stored.js'
import { Waiting } from '../../parts/waiting.js'
import { type Entry, request } from './sent.js'

/**
 * A request and its response.
 *
 * @param longest longest round trip of all entries in ms
 */
export function EntryView ({ entry, longest }: { entry: Entry, longest: number }) {
  const { wish, as, sent } = entry
  return (
    <li aria-label={`Request ${entry.number}`}>
      <div class='sent-line'>
        {sent !== undefined && wasAnswered(sent) && (
          <>
            <span class='status' data-class={String(sent.status).charAt(0)}>
              {sent.status}
            </span>
            <OutcomeBadge outcome={sent.outcome} />
          </>
        )}
        <code class='sent-path'>
          {wish.method} {wish.path}
        </code>
        <span class='small muted'>
          as {sent?.who ?? identityCalled(as).label}
          {wish.ifNoneMatch !== undefined && ', with If-None-Match'}
          {wish.bypass === true && ', bypassing caches'}
        </span>
      </div>
      {sent === undefined
        ? (
          <Waiting>Waiting for the response…</Waiting>
          )
        : wasAnswered(sent)
          ? (
            <Answer exchange={sent} longest={longest} />
            )
          : (
            <NoAnswer sent={sent} />
            )}
      <Repeat entry={entry} />
      <Copies entry={entry} />
    </li>
  )
}

const NoAnswer = ({ sent }: { sent: Unanswered }) => (
  <ProblemNotice problem={sent.problem} title={sent.problem.title} />
)

function Answer ({ exchange, longest }: { exchange: Exchange, longest: number }) {
  const { headers, words, outcome, body, problem } = exchange
  const age = headers.get('age')
  const facts = [
    ['round trip', ms(exchange.ms)],
    ['at', time(exchange.sentAt)],
    ['instance', exchange.instance],
    ['Age', age === undefined ? undefined : duration(Number(age) * 1000)],
    ['ETag', headers.get('etag')],
    ['RateLimit', headers.get('ratelimit')]
  ] as const
  return (
    <>
      <Bar part={exchange.ms / longest} color={outcome} />
      <p>{words}</p>
      {problem !== undefined && (
        <p>
          {problem.detail}
          {problem.retryAfter !== undefined && ` Try again in ${problem.retryAfter} s.`}
        </p>
      )}
      <p class='sent-facts'>
        {facts.map(
          ([name, value]) =>
            value !== undefined && (
              <span key={name}>
                {name} <b>{value}</b>
              </span>
            )
        )}
      </p>
      <details>
        <summary>Headers and body</summary>
        <dl class='headers'>
          {[...headers].map(([name, value]) => [
            <dt key={name}>{name}</dt>,
            <dd key={`${name}-value`}>{value}</dd>
          ])}
        </dl>
        {body !== '' && (
          <pre class='body-preview' tabIndex={0} aria-label='Body'>
            {readable(body)}
          </pre>
        )}
      </details>
    </>
  )
}

/** Buttons that copy the request as a curl command, and the ETag and tags of its response. */
function Copies ({ entry: { wish, as, sent } }: { entry: Entry }) {
  const headers = sent !== undefined && wasAnswered(sent) ? sent.headers : undefined
  const etag = headers?.get('etag')
  const groups = headers?.get('cache-groups')
  return (
    <div class='row'>
      <CopyButton what='curl' text={curlOf(wish, location.origin, identityCalled(as).role)} />
      {etag !== undefined && <CopyButton what='ETag' text={etag} />}
      {groups !== undefined && <CopyButton what='tags' text={tagsIn(groups)} />}
    </div>
  )
}

/** Buttons that repeat the request with instructive variations. */
function Repeat ({ entry: { wish, as, sent } }: { entry: Entry }) {
  // Re-render when identities change.
  useStored(identities)
  const plain = { method: wish.method, path: wish.path }
  const etag = sent !== undefined && wasAnswered(sent) ? sent.headers.get('etag') : undefined
  const next = nextIdentity(as)
  return (
    <div class='row'>
      <button class='button compact' type='button' onClick={() => request(wish, as)}>
        Refetch
      </button>
      <button class='button compact' type='button' onClick={() => request(plain, next.id)}>
        As another user: {next.label}
      </button>
      <button
        class='button compact'
        type='button'
        disabled={etag === undefined}
        onClick={() => {
          if (etag !== undefined) request({ ...plain, ifNoneMatch: etag }, as)
        }}
      >
        With If-None-Match
      </button>
      <button
        class='button compact'
        type='button'
        onClick={() => request({ ...plain, bypass: true }, as)}
      >
        Bypass
      </button>
    </div>
  )
}

const MOST = 8000

/** Formats JSON with one line per field, and truncates long bodies. */
function readable (body: string): string {
  let text = body
  try {
    text = JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    // Other text stays unchanged.
  }
  return text.length > MOST
    ? `${text.slice(0, MOST)}\n… and ${text.length - MOST} characters more`
    : text
}
