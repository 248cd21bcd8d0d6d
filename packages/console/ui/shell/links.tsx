import { useEffect, useState } from 'preact/hooks'

const SOURCE = 'https://github.com/weir-cache/weir'
/** Path of the API descriptions of the services behind this origin. */
const API_DOCS = '/docs'
const GIVE_UP_MS = 5000

/** Links to the documentation, the source and, if this origin has them, the API descriptions. */
export function Links () {
  const hasApiDocs = useFound(API_DOCS)
  return (
    <div>
      <h2 id='pages-Read'>Read</h2>
      <ul aria-labelledby='pages-Read'>
        {hasApiDocs && <Link href={API_DOCS} text='API docs' />}
        <Link href={`${SOURCE}/tree/main/docs#readme`} text='Documentation' />
        <Link href={SOURCE} text='Source' />
      </ul>
    </div>
  )
}

const Link = ({ href, text }: { href: string, text: string }) => (
  <li>
    <a href={href} target='_blank' rel='noreferrer'>
      {text}
      <span class='unseen'> (opens a new tab)</span>
    </a>
  </li>
)

/** Tells whether the origin has a page at `path`. */
function useFound (path: string): boolean {
  const [isFound, setFound] = useState(false)
  useEffect(() => {
    const ended = new AbortController()
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(GIVE_UP_MS)])
    fetch(path, { method: 'HEAD', signal, credentials: 'same-origin' }).then(
      ({ ok }) => setFound(ok),
      // The link is left out if there is no page.
      () => {}
    )
    return () => ended.abort()
  }, [path])
  return isFound
}
