import { type ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

// False until the first navigation: the browser places the focus on the first page.
let hasMoved = false

/**
 * A page. Its title is also the title of the tab, and receives the focus when a page is opened.
 *
 * @param id identifies a page whose title changes
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
