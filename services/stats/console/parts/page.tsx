import { type ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

// The first page of all is where a reader begins: nothing has moved.
let hasMoved = false

/** A page: its title is the tab's, too, and where one goes on reading after a link. */
export function Page ({ title, tools, children }: { title: string, tools?: ComponentChildren, children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Weir`
    if (hasMoved) {
      window.scrollTo(0, 0)
      heading.current?.focus({ preventScroll: true })
    }
    hasMoved = true
  }, [title])
  return (
    <div class='page'>
      <div class='page-head'>
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {tools}
      </div>
      {children}
    </div>
  )
}
