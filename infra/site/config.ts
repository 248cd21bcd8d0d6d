import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { DefaultTheme, UserConfig } from 'vitepress'
import { ADDRESSES, SECTIONS } from './contents.js'
import { resolveLinks } from './links.js'

const root = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '')

const { repository } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as {
  repository: { url: string }
}
const source = repository.url.replace(/^git\+|\.git$/g, '')

const sidebar = SECTIONS.map(({ text, at, pages }) => ({
  text,
  collapsed: false,
  items: [
    ...pages.map((page) => ({ text: page.text, link: `/${ADDRESSES.get(page.file) ?? ''}` })),
    ...at === 'reference' ? [{ text: 'All symbols', link: '/api/' }] : []
  ]
}))

/** Makes the anchor of a heading as GitHub does, so that links work in both places. */
const slugify = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

/** Settings of VitePress. The repository is its source, so each README and page exists once. */
export const config: UserConfig<DefaultTheme.Config> = {
  title: 'Weir',
  description: 'Shared HTTP response caching, invalidation on writes and rate limits for Fastify',
  lang: 'en',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/logo.svg' }]],
  srcDir: root,
  srcExclude: [
    '**/{dist,.tap,.data,.github}/**',
    'packages/{internal,create-weir/templates}/**',
    '{SECURITY,CODE_OF_CONDUCT}.md'
  ],
  outDir: `${root}/docs/.vitepress/dist`,
  cacheDir: `${root}/docs/.vitepress/cache`,
  rewrites: {
    ...Object.fromEntries([...ADDRESSES].map(([file, address]) => [file, `${address}.md`])),
    'docs/api/:path*': 'api/:path*'
  },
  cleanUrls: true,
  ignoreDeadLinks: [/^http:\/\/localhost:/, /^\/load-/],
  vite: { publicDir: `${root}/docs/public`, build: { chunkSizeWarningLimit: 2000 } },
  markdown: {
    anchor: { slugify },
    config: (markdown) => {
      resolveLinks(markdown, root, `${source}/blob/main`)
    }
  },
  themeConfig: {
    logo: '/logo.svg',
    nav: [
      { text: 'Quick start', link: '/quick-start' },
      { text: 'Guides', link: '/guides/ttl-and-tags', activeMatch: '^/guides/' },
      { text: 'Reference', link: '/reference/fastify', activeMatch: '^/reference/' },
      { text: 'Comparison', link: '/comparison' }
    ],
    sidebar,
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: source }],
    footer: { message: 'MIT license' }
  }
}
