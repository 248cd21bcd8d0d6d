import { type ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

// The first page is where a reader begins: the focus stays where the browser puts it.
let hasMoved = false

/**
 * A page. Its title is also the tab's, and gets the focus when another page is opened. @param id of
 * a page whose title changes
 */
export function Page ({ title, id = title, tools, children }: {
  title: string
  id?: string
  tools?: ComponentChildren
  children: ComponentChildren
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Weir`
  }, [title])
  useEffect(() => {
    if (hasMoved) {
      window.scrollTo(0, 0)
      heading.current?.focus({ preventScroll: true })
    }
    hasMoved = true
  }, [id])
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
