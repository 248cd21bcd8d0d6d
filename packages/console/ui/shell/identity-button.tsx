import { useEffect, useId, useRef, useState } from 'preact/hooks'
import {
  addToken,
  choose,
  forget,
  hasDemoUsers,
  hasTokens,
  identities,
  loadDemoUsers,
  logOut
} from '../state/identity.js'
import { Stored } from '../model/stored.js'
import { features } from '../state/services.js'
import { useStored } from '../state/use-stored.js'

/** Whether the identity dialog is open. Pages can open it, too. */
export const isAsking = new Stored(false)

/** Shows the current identity and opens the dialog that changes it. */
export function IdentityButton () {
  const { label } = useStored(identities).current
  // Narrow screens have no room for the role.
  const [name = label, rest] = label.split(/(?= \()/)
  return (
    <>
      <button
        class='button compact identity'
        type='button'
        aria-haspopup='dialog'
        onClick={() => isAsking.set(true)}
      >
        <span class='wide'>Identity: </span>
        <span class='identity-name'>
          {name}
          <span class='wide'>{rest}</span>
        </span>
      </button>
      <IdentityDialog />
    </>
  )
}

function IdentityDialog () {
  const dialog = useRef<HTMLDialogElement>(null)
  const title = useId()
  const isOpen = useStored(isAsking)
  const all = useStored(identities)
  const { current, known } = all

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
          {hasDemoUsers(all)
            ? 'The console sends your requests as this user.'
            : 'The console sends the cookies and Basic credentials that the browser has for this site. A token is needed only if the application expects one.'}{' '}
          Tokens stay in this tab and are removed when you close it or log out.
        </p>
        <fieldset class='stack'>
          <legend class='unseen'>Send requests as</legend>
          {known.map(({ id, label, role }) => (
            <div class='choice' key={id}>
              <input
                type='radio'
                name='identity'
                id={`identity-${id}`}
                checked={id === current.id}
                onChange={() => choose(id)}
              />
              <label class='choice-text' for={`identity-${id}`}>
                {label} <span class='muted small'>{role === undefined ? 'no token' : role}</span>
              </label>
              {id.startsWith('token:') && (
                <button class='button quiet compact' type='button' onClick={() => forget(id)}>
                  Forget<span class='unseen'> {label}</span>
                </button>
              )}
            </div>
          ))}
        </fieldset>
        <TokenForm />
        <div class='row'>
          <button class='button' type='button' onClick={() => dialog.current?.close()}>
            Done
          </button>
          {hasTokens(all) && (
            <button class='button' type='button' onClick={logOut}>
              Log out
            </button>
          )}
        </div>
      </div>
    </dialog>
  )
}

function TokenForm () {
  const [text, setText] = useState('')
  const [mistake, setMistake] = useState<string>()
  const id = useId()
  const all = useStored(identities)
  const { login } = useStored(features)
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
          id={id}
          class='mono'
          rows={3}
          autocomplete='off'
          spellcheck={false}
          value={text}
          aria-invalid={mistake !== undefined}
          aria-describedby={`${id}-hint`}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <span id={`${id}-hint`} class={mistake === undefined ? 'hint' : 'mistake'}>
          {mistake ?? hintOf(hasDemoUsers(all), login)}
        </span>
      </div>
      <div class='row'>
        <button class='button primary' type='submit' disabled={text.trim() === ''}>
          Use this token
        </button>
      </div>
    </form>
  )
}

function hintOf (isSuite: boolean, hasLogin: boolean): string {
  if (isSuite) {
    return 'npm start prints a login link, which needs no pasting, and a token for each role: editors change products, admins invalidate.'
  }
  return hasLogin
    ? 'A login link needs no pasting. It was printed when the console started.'
    : 'A bearer token (JWT) of your application.'
}
