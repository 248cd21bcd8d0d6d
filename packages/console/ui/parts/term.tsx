import { type ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { TERMS, type TermId } from '../model/terms.js'

/** Distance from the edges of the window in px. */
const EDGE = 8

/** The definitions that terms refer to. They are in the page once, hidden, for screen readers. */
export const Definitions = () => (
  <div hidden>
    {Object.entries(TERMS).map(([id, definition]) => (
      <span key={id} id={`term-${id}`}>
        {definition}
      </span>
    ))}
  </div>
)

/**
 * A term whose definition is shown on hover, focus and tap, and hidden by Escape and on leaving. It
 * opens in the top layer, so that no table clips it.
 */
export function Term ({ id, children, class: name = 'term-name', onPress }: {
  id: TermId
  children: ComponentChildren
  class?: string
  /** Called when the term is pressed, if it also acts as a button. */
  onPress?: () => void
}) {
  const [isOpen, setOpen] = useState(false)
  const whole = useRef<HTMLSpanElement>(null)
  const tip = useRef<HTMLSpanElement>(null)

  useEffect(() => {
    const [anchor, shown] = [whole.current, tip.current]
    if (!isOpen || anchor === null || shown === null) return
    shown.showPopover()
    place(anchor.getBoundingClientRect(), shown)
    const ended = new AbortController()
    const close = () => setOpen(false)
    const options = { signal: ended.signal }
    document.addEventListener(
      'pointerdown',
      ({ target }) => {
        if (!(target instanceof Node && anchor.contains(target))) close()
      },
      options
    )
    document.addEventListener('keydown', ({ key }) => { if (key === 'Escape') close() }, options)
    document.addEventListener('scroll', close, { ...options, capture: true, passive: true })
    return () => ended.abort()
  }, [isOpen])

  return (
    <span
      class='term'
      ref={whole}
      onMouseEnter={() => setOpen(true)}
      onMouseLeave={(event) => {
        if (!event.currentTarget.contains(document.activeElement)) setOpen(false)
      }}
    >
      <button
        class={name}
        type='button'
        aria-describedby={`term-${id}`}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onClick={onPress ?? (() => setOpen(true))}
      >
        {children}
      </button>
      {isOpen && (
        <span class='tip' popover='manual' ref={tip} aria-hidden='true'>
          {TERMS[id]}
        </span>
      )}
    </span>
  )
}

/**
 * Places the definition above the term, so that the figure below stays visible, or below the term
 * if there is no room. It always stays within the window.
 */
function place (anchor: DOMRect, shown: HTMLElement): void {
  const { width, height } = shown.getBoundingClientRect()
  const left = Math.max(
    EDGE,
    Math.min(anchor.left, document.documentElement.clientWidth - width - EDGE)
  )
  const top = anchor.top - height < EDGE ? anchor.bottom : anchor.top - height
  shown.style.left = `${left}px`
  shown.style.top = `${top}px`
}
