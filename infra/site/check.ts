import { readdir, readFile } from 'node:fs/promises'

const ATTRIBUTES = /<(?<tag>[a-z][a-z0-9-]*)\b(?<attributes>[^>]*)>/g

/** Elements that fetch an address when the page is shown, and the attribute that holds it. */
const FETCHED: Readonly<Record<string, string>> = {
  script: 'src',
  img: 'src',
  source: 'src',
  iframe: 'src',
  link: 'href'
}

interface Built {
  readonly anchors: ReadonlySet<string>
  readonly links: readonly string[]
  /** Addresses that browsers fetch automatically. */
  readonly fetched: readonly string[]
}

const attribute = (attributes: string, name: string) =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(attributes)?.[1]?.replaceAll('&amp;', '&')

function parse (html: string): Built {
  const anchors = new Set<string>()
  const links: string[] = []
  const fetched: string[] = []
  for (const { groups: { tag = '', attributes = '' } = {} } of html.matchAll(ATTRIBUTES)) {
    const id = attribute(attributes, 'id')
    if (id !== undefined) anchors.add(id)
    const href = tag === 'a' ? attribute(attributes, 'href') : undefined
    if (href !== undefined) links.push(href)
    const address = tag in FETCHED ? attribute(attributes, FETCHED[tag] ?? '') : undefined
    if (address !== undefined) fetched.push(address)
  }
  return { anchors, links, fetched }
}

/**
 * Finds faults of a built site: links to missing pages, files or headings, and anything that
 * browsers would fetch from other hosts.
 * @param folder of its HTML
 */
export async function problemsOf (folder: string): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true })).map((file) =>
    file.replaceAll('\\', '/')
  )
  const pages = new Map<string, Built>()
  for (const file of files.filter((name) => name.endsWith('.html'))) {
    pages.set(
      `/${file.replace(/(?:^|(?<=\/))index\.html$|\.html$/, '')}`,
      parse(await readFile(`${folder}/${file}`, 'utf8'))
    )
  }
  const isThere = (path: string) => pages.has(path) || files.includes(path.slice(1))
  const problems: string[] = []
  for (const [page, { links, fetched }] of pages) {
    for (const href of links.filter((link) => !/^[a-z]+:/.test(link))) {
      const { pathname, hash } = new URL(href, `http://site${page}`)
      const target = decodeURIComponent(pathname)
      if (!isThere(target)) problems.push(`${page}: ${href} does not exist`)
      else if (hash !== '' && !hasAnchor(pages.get(target), decodeURIComponent(hash.slice(1)))) {
        problems.push(`${page}: ${href} names a missing heading`)
      }
    }
    for (const address of fetched.filter((url) => /^(?:[a-z]+:)?\/\//.test(url))) {
      problems.push(`${page}: ${address} is fetched from another host`)
    }
  }
  return problems
}

/** Images have no headings. */
const hasAnchor = (page: Built | undefined, anchor: string) =>
  page === undefined || page.anchors.has(anchor)
