import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { problemsOf } from '#infra/site/check.js'
import { DeadLink, resolveLink } from '#infra/site/links.js'
import { qualityProblems } from '#infra/site/page-quality.js'
import t from 'tap'

const options = {
  source: 'https://example.org/blob/main',
  exists: (path: string) => path === 'test/stampede.test.ts'
}

t.test('links of the repository become links of the site', async (t) => {
  const cases: [string, string, string][] = [
    ['README.md', 'packages/cache/README.md', '/reference/cache'],
    ['README.md', 'examples', '/examples'],
    ['packages/cache/README.md', '../outbox/README.md#relay', '/reference/outbox#relay'],
    [
      'docs/guides/testing.md',
      '../../test/stampede.test.ts',
      'https://example.org/blob/main/test/stampede.test.ts'
    ],
    [
      'docs/api/@weir/cache.md',
      '@weir/cache/testing.md#idle',
      '/api/@weir/@weir/cache/testing#idle'
    ],
    ['README.md', '#what-it-promises', '#what-it-promises'],
    ['README.md', 'https://fastify.dev', 'https://fastify.dev'],
    ['README.md', '/reference/cache', '/reference/cache']
  ]
  for (const [file, href, address] of cases) {
    t.equal(resolveLink(file, href, options), address, `${file}: ${href}`)
  }
  t.throws(
    () => resolveLink('docs/why.md', '../no-such.md', options),
    new DeadLink('docs/why.md links to ../no-such.md, which does not exist.')
  )
})

t.test('dead links, missing headings and foreign requests of a built site are found', async (t) => {
  const pages = {
    'index.html':
      '<a href="/guides/a">a</a> <a href="/guides/a#one">one</a> <img src="/logo.svg"> <a href="https://fastify.dev">elsewhere</a>',
    'guides/a.html':
      '<h2 id="one">One</h2> <a href="#one">up</a> <a href="/">home</a> <a href="../logo.svg">logo</a>',
    'logo.svg': '<svg></svg>'
  }
  const folder = t.testdir()
  const write = async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(`${folder}/${name}`), { recursive: true })
      await writeFile(`${folder}/${name}`, text)
    }
  }
  await write(pages)
  t.strictSame(await problemsOf(folder), [])

  await write({
    'guides/b.html':
      '<a href="/guides/c">c</a> <a href="/guides/a#two">two</a> <a href="#three">three</a>' +
      '<script src="https://cdn.example/x.js"></script> <link rel="stylesheet" href="//fonts.example/y.css">'
  })
  t.strictSame(await problemsOf(folder), [
    '/guides/b: /guides/c does not exist',
    '/guides/b: /guides/a#two names a missing heading',
    '/guides/b: #three names a missing heading',
    '/guides/b: https://cdn.example/x.js is fetched from another host',
    '/guides/b: //fonts.example/y.css is fetched from another host'
  ])
})

t.test('what Lighthouse would find on a page is found', async (t) => {
  const text = 'word '.repeat(40)
  const page = '<!doctype html><html lang="en-US"><head><meta name="viewport" content="width=device-width">' +
    '<title>Title</title><meta name="description" content="About it"></head><body>' +
    `<main><h1>Title</h1><p>${text}</p><img src="a.svg" alt="A diagram"><a href="/b">b</a>` +
    '<a href="/c"><img src="c.svg" alt="C"></a><button aria-label="Menu"></button></main></body></html>'
  t.strictSame(qualityProblems(page), [])
  const faults: [from: string, to: string, problem: RegExp][] = [
    [' lang="en-US"', '', /no language/],
    ['<meta name="viewport" content="width=device-width">', '', /no viewport/],
    ['<title>Title</title>', '<title></title>', /no title/],
    ['name="description" content="About it"', 'name="other" content=""', /no description/],
    ['<h1>', '<h1>First</h1><h1>', /2 first headings/],
    [text, `<script>${text}</script>`, /has 2 words without JavaScript/],
    [' alt="A diagram"', '', /picture without alt/],
    ['>b</a>', '></a>', /a link without a name/],
    [' alt="C"', ' alt=""', /a link without a name/],
    [' aria-label="Menu"', '', /a button without a name/]
  ]
  for (const [from, to, problem] of faults) {
    const found = qualityProblems(page.replace(from, to))
    t.equal(found.length, 1, `${from}: ${found.join()}`)
    t.match(found[0], problem)
  }
})
