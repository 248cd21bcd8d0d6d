import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { build } from './support/build.js'
import { runProgram } from './support/process.js'
import { tempDir } from './support/temp-dir.js'

t.test('every route is described, including its errors', async (t) => {
  const app = await build(t)
  const description = (await app.inject('/docs/json')).json<{
    paths: Record<string, Record<string, { summary?: string; responses: object }>>
  }>()
  t.same(
    Object.fromEntries(
      Object.entries(description.paths)
        .filter(([path]) => path.startsWith('/api'))
        .map(([path, operations]) => [path, Object.keys(operations)])
    ),
    {
      '/api/products': ['get', 'post'],
      '/api/products/{id}': ['get', 'put', 'patch', 'delete'],
      '/api/categories': ['get', 'post'],
      '/api/categories/{slug}': ['get', 'put', 'delete'],
      '/api/catalog/cache/invalidations': ['post'],
      '/api/catalog/cache/entries': ['get'],
      '/api/catalog/cache/stats': ['get'],
      '/api/catalog/compare': ['get']
    }
  )
  for (const operation of Object.entries(description.paths)
    .filter(([path]) => path.startsWith('/api'))
    .flatMap(([, operations]) => Object.values(operations))) {
    t.ok(operation.summary)
    t.match(
      operation.responses,
      { 429: { content: { 'application/problem+json': {} } } },
      operation.summary ?? ''
    )
  }
})

t.test('every GET route answers HEAD, and Allow lists the methods of a path', async (t) => {
  const app = await build(t)
  const { paths } = (await app.inject('/docs/json')).json<{
    paths: Record<string, Record<string, object>>
  }>()
  for (const [path, operations] of Object.entries(paths)) {
    const url = path.replace('{id}', '1').replace('{slug}', 'cookware')
    const allow = String((await app.inject({ method: 'OPTIONS', url })).headers.allow).split(', ')
    const described = Object.keys(operations).map((method) => method.toUpperCase())
    t.same(
      new Set(allow),
      new Set([...described, ...(described.includes('GET') ? ['HEAD'] : []), 'OPTIONS']),
      path
    )
    if (!described.includes('GET')) continue
    const [get, head] = [await app.inject(url), await app.inject({ method: 'HEAD', url })]
    t.equal(head.statusCode, get.statusCode, url)
    t.equal(head.headers['content-type'], get.headers['content-type'], url)
    t.equal(head.body, '')
  }
})

t.test('it is ready while its database answers', async (t) => {
  const app = await build(t)
  const response = await app.inject('/health/ready')
  t.equal(response.statusCode, 200)
  t.match(response.json(), { checks: { database: 'ok' } })
})

t.test('an invalid environment is one line', async (t) => {
  const { code, stderr } = await runProgram(t, 'src/server.js', [], {
    PORT: 'eighty',
    DATA_DIR: await tempDir(t)
  })
  t.equal(code, 78)
  t.match(stderr, /^The environment is invalid: PORT .*\n$/)
})

t.test('a database of another program is an error at the start, and stays unchanged', async (t) => {
  const directory = await tempDir(t)
  await writeFile(
    join(directory, 'catalog.db'),
    'This is no database, but somebody may need it. '.repeat(50)
  )
  const { code, stderr } = await runProgram(t, 'src/server.js', [], {
    PORT: '0',
    DATA_DIR: directory
  })
  t.equal(code, 78)
  t.match(stderr, /catalog\.db is not a SQLite database.*\n$/)
  t.match(await readFile(join(directory, 'catalog.db'), 'utf8'), /^This is no database/)
})
