import { features } from '../state/services.js'
import { useStored } from '../state/use-stored.js'

const SOURCE = 'https://github.com/weir-cache/weir'

/** Links to the documentation, the source and, if this origin has them, the API descriptions. */
export function Links () {
  const { apiDocs: docs } = useStored(features)
  return (
    <div>
      <h2 id='pages-Read'>Read</h2>
      <ul aria-labelledby='pages-Read'>
        {docs !== null && <Link href={docs} text='API docs' />}
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
