import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import type { MarkdownRenderer } from 'vitepress'
import { ADDRESSES } from './contents.js'

/** A link to a page or file that does not exist; the build fails with it. */
export class DeadLink extends Error {
  override name = 'DeadLink'
}

/**
 * The address on the site of a link as the repository has it: relative to the file that it is in,
 * to a page, a folder with a README, or any file. What has no page leads to the source.
 * @param file the page's file, from the root of the repository
 * @param options.exists tells of a path from the root of the repository whether it is there
 * @throws DeadLink
 * @example
 * resolveLink('packages/cache/README.md', '../outbox/README.md#relay', options)
 * // '/reference/outbox#relay'
 * resolveLink('README.md', 'test/stampede.test.ts', options) // 'https://github.com/…/blob/main/test/stampede.test.ts'
 */
export function resolveLink (
  file: string,
  href: string,
  { source, exists }: { readonly source: string; readonly exists: (path: string) => boolean }
): string {
  if (/^(?:[a-z][a-z0-9+.-]*:|#|\/)/i.test(href)) return href
  const [, path = '', anchor = ''] = /^([^#]*)(#.*)?$/s.exec(href) ?? []
  const target = posix.join(posix.dirname(file), decodeURI(path)).replace(/\/$/, '')
  const address = addressOf(target) ?? addressOf(posix.join(target, 'README.md'))
  if (address !== undefined) return `/${address}${anchor}`
  if (REPORT.test(target)) return target.slice('docs'.length)
  if (!exists(target)) throw new DeadLink(`${file} links to ${href}, which does not exist.`)
  return `${source}/${target}${anchor}`
}

/** Reports of load tests, which are copied to the site as they are. */
export const REPORT = /^docs\/load-\w+\.html$/

/**
 * The address of a page; those of the API are generated from doc comments before the site is built.
 */
function addressOf (file: string): string | undefined {
  return (
    ADDRESSES.get(file) ?? /^docs\/(api\/.*)\.md$/.exec(file)?.[1]?.replace(/(^|\/)index$/, '$1')
  )
}

/** Resolves every link of a page by `resolveLink`. */
export function resolveLinks (markdown: MarkdownRenderer, root: string, source: string): void {
  const exists = (path: string) => existsSync(`${root}/${path}`)
  markdown.core.ruler.push('weir-links', ({ tokens, env }) => {
    const { realPath, path } = env as { realPath?: string, path: string }
    const file = posix.relative(root, realPath ?? path)
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null
      if (href !== null) token.attrSet('href', resolveLink(file, href, { source, exists }))
    }
  })
}
