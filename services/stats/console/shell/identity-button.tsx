import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { addToken, choose, forget, identities, loadDemoUsers } from '../state/identity.js'
import { Stored } from '../model/stored.js'
import { useStored } from '../state/use-stored.js'

/** Whether the question who one is has been asked: pages may ask it, too. */
export const isAsking = new Stored(false)

/** In whose name requests are sent, and where that is changed. */
export function IdentityButton () {
  const { current } = useStored(identities)
  return (
    <>
      <button class='button compact' type='button' aria-haspopup='dialog' onClick={() => isAsking.set(true)}>
        <span class='wide'>Identity: </span>{current.label}
      </button>
      <IdentityDialog />
    </>
  )
}

function IdentityDialog () {
  const dialog = useRef<HTMLDialogElement>(null)
  const title = useId()
  const isOpen = useStored(isAsking)
  const { current, known } = useStored(identities)

  useEffect(() => {
    if (!isOpen) return dialog.current?.close()
    dialog.current?.showModal()
    loadDemoUsers()
  }, [isOpen])

  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={() => isAsking.set(false)}>
      <div class='stack'>
        <h2 id={title}>Identity</h2>
        <p class='muted small'>
          Requests that you send from this console are sent in this name. Tokens stay in this tab, and are forgotten when it is closed.
        </p>
        <fieldset class='stack'>
          <legend class='unseen'>Send requests as</legend>
          {known.map(({ id, label, role }) => (
            <div class='choice' key={id}>
              <input type='radio' name='identity' id={`identity-${id}`} checked={id === current.id} onChange={() => choose(id)} />
              <label class='choice-text' for={`identity-${id}`}>
                {label} <span class='muted small'>{role === undefined ? 'no token' : role}</span>
              </label>
              {id.startsWith('token:') && (
                <button class='button quiet compact' type='button' onClick={() => forget(id)}>Forget<span class='unseen'> {label}</span></button>
              )}
            </div>
          ))}
        </fieldset>
        <TokenForm />
        <div class='row'><button class='button' type='button' onClick={() => dialog.current?.close()}>Done</button></div>
      </div>
    </dialog>
  )
}

function TokenForm () {
  const [text, setText] = useState('')
  const [mistake, setMistake] = useState<string>()
  const id = useId()
  const add = (event: Event) => {
    event.preventDefault()
    const wrong = addToken(text)
    setMistake(wrong)
    if (wrong === undefined) setText('')
  }
  return (
    <form class='stack' onSubmit={add}>
      <div class='field'>
        <label for={id}>Paste a token</label>
        <textarea
          id={id} class='mono' rows={3} autocomplete='off' spellcheck={false} value={text} aria-invalid={mistake !== undefined}
          aria-describedby={`${id}-hint`} onInput={(event) => setText(event.currentTarget.value)}
        />
        <span id={`${id}-hint`} class={mistake === undefined ? 'hint' : 'mistake'}>
          {mistake ?? 'npm start prints one for an editor, who may change products, and one for an admin, who may invalidate.'}
        </span>
      </div>
      <div class='row'><button class='button primary' type='submit' disabled={text.trim() === ''}>Use this token</button></div>
    </form>
  )
}
