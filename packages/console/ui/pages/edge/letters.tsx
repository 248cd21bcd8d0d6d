import { useRef, useState } from 'preact/hooks'
import { type EdgeLetter } from '../../model/api.js'
import { letterKey } from '../../model/edge.js'
import { dateTime } from '../../model/format.js'
import { plural } from '../../model/meaning.js'
import { isRefusal } from '../../model/problem.js'
import { told } from '../../model/told.js'
import { type Column, DataTable } from '../../parts/data-table.js'
import { Notice, ProblemNotice } from '../../parts/notice.js'
import { ChooseIdentity } from '../../parts/role-hint.js'
import { identities } from '../../state/identity.js'
import { act, type Sent, wasAnswered } from '../../state/send.js'

type Action = 'retry' | 'discard'

interface LettersProps {
  readonly service: string
  readonly letters: readonly EdgeLetter[]
  /** Number of letters, of which these are the first. */
  readonly all: number
}

/** The purges of a service that were given up, with buttons to deliver or discard them. */
export function Letters ({ service, letters, all }: LettersProps) {
  const [sent, setSent] = useState<{ readonly action: Action, readonly sent: Sent }>()
  const [isSending, setSending] = useState(false)
  const [discarded, setDiscarded] = useState<readonly EdgeLetter[]>([])
  const confirm = useRef<HTMLDialogElement>(null)
  const post = (action: Action, chosen: readonly EdgeLetter[]) => {
    setSending(true)
    const text = JSON.stringify({
      service,
      action,
      letters: chosen.map(({ destination, id, instance }) => ({ destination, id, instance }))
    })
    const body = { type: 'application/json', text }
    act({ method: 'POST', path: 'api/stats/edge/letters', body }, identities.get().current)
      .then((answer) => setSent({ action, sent: answer }))
      .catch(console.error)
      .finally(() => setSending(false))
  }
  const askToDiscard = (chosen: readonly EdgeLetter[]) => {
    setDiscarded(chosen)
    confirm.current?.showModal()
  }
  if (letters.length === 0 && sent === undefined) return null
  const title = `letters-${service}`
  return (
    <section class='panel flush'>
      <div class='panel-head'>
        <h2 id={title}>Dead letters of {service}</h2>
        {all > letters.length && (
          <span class='small muted'>the first {letters.length} of {all}</span>
        )}
      </div>
      {sent !== undefined && <div class='inset'><Outcome {...sent} /></div>}
      {letters.length > 0 && (
        <>
          <DataTable
            label={`Dead letters of ${service}`}
            rows={letters}
            rowKey={letterKey}
            columns={[...COLUMNS, {
              id: 'actions',
              label: 'Actions',
              isText: true,
              value: () => '',
              cell: (letter) => (
                <span class='row'>
                  <Buttons
                    what={`${letter.tag} at ${letter.destination}`}
                    disabled={isSending}
                    onRetry={() => post('retry', [letter])}
                    onDiscard={() => askToDiscard([letter])}
                  />
                </span>
              )
            }]}
            initial={{ column: 'died', direction: 'ascending' }}
          />
          <div class='row inset'>
            <button
              class='button' type='button' disabled={isSending}
              onClick={() => post('retry', letters)}
            >
              Redeliver all shown
            </button>
            <button
              class='button danger' type='button' disabled={isSending}
              onClick={() => askToDiscard(letters)}
            >
              Discard all shown…
            </button>
          </div>
        </>
      )}
      <dialog ref={confirm} aria-labelledby={`${title}-confirm`}>
        <form
          method='dialog'
          class='stack'
          onSubmit={({ submitter }) => {
            if (submitter?.dataset['yes'] !== undefined) post('discard', discarded)
          }}
        >
          <h2 id={`${title}-confirm`}>Discard {plural(discarded.length, 'dead letter')}?</h2>
          <p>The destination keeps these responses until they expire there.</p>
          <div class='row'>
            <button class='button' type='submit'>Cancel</button>
            <button class='button danger' type='submit' data-yes=''>Discard</button>
          </div>
        </form>
      </dialog>
    </section>
  )
}

const COLUMNS: readonly Column<EdgeLetter>[] = [
  {
    id: 'tag',
    label: 'Tag',
    term: 'tag',
    isText: true,
    value: ({ tag }) => tag,
    cell: ({ tag }) => <code class='key-text'>{tag}</code>
  },
  {
    id: 'destination',
    label: 'Destination',
    term: 'destination',
    isText: true,
    value: ({ destination }) => destination,
    cell: ({ destination, instance }) =>
      (instance === null ? destination : `${destination}, of ${instance}`)
  },
  {
    id: 'error',
    label: 'Why',
    isText: true,
    value: ({ error }) => error,
    cell: ({ error }) => error
  },
  {
    id: 'died',
    label: 'Since',
    isText: true,
    value: ({ died }) => died,
    cell: ({ died }) => <span class='nowrap'>{dateTime(Date.parse(died))}</span>
  }
]

const Buttons = ({ what, disabled, onRetry, onDiscard }: {
  what: string
  disabled: boolean
  onRetry: () => void
  onDiscard: () => void
}) => (
  <>
    <button
      class='button compact' type='button' disabled={disabled} onClick={onRetry}
      aria-label={`Redeliver ${what}`}
    >
      Redeliver
    </button>
    <button
      class='button compact danger' type='button' disabled={disabled} onClick={onDiscard}
      aria-label={`Discard ${what}`}
    >
      Discard…
    </button>
  </>
)

function Outcome ({ action, sent }: { action: Action, sent: Sent }) {
  if (!wasAnswered(sent) || sent.problem !== undefined) {
    const problem = sent.problem
    const title = wasAnswered(sent) ? 'Nothing was changed' : 'No response: it may have taken effect'
    return problem === undefined
      ? null
      : (
        <ProblemNotice problem={problem} title={title}>
          {isRefusal(problem) && <div class='row'><ChooseIdentity /></div>}
        </ProblemNotice>
        )
  }
  const { done } = told<{ readonly done: boolean }>(sent.body)
  if (!done) {
    return (
      <Notice tone='warn' title='Requested'>
        <p>No instance has taken the request yet. It stays for up to a day.</p>
      </Notice>
    )
  }
  return action === 'retry'
    ? (
      <Notice tone='good' title='Put back'>
        <p>An instance delivers them again. Those that fail come back as dead letters.</p>
      </Notice>
      )
    : <Notice tone='good' title='Discarded' />
}
