import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import service, { loadEnv, serverOptions, serviceEnv } from '@weir/fastify/service'
import conditional from '@weir/fastify/conditional'
import { fastify } from 'fastify'
import t, { type Test } from 'tap'
import { registerPages } from '../src/pages.js'
import { tempDir } from './support/temp-dir.js'

async function build (t: Test, folder: string) {
  const app = fastify(
    serverOptions(loadEnv(serviceEnv, { LOG_LEVEL: 'silent', PORT: '0' }), { service: 'stats' })
  )
  await app.register(service, { name: 'stats', version: '0.1.0', title: 'Stats', description: '' })
  await app.register(conditional)
  await registerPages(app, { folder })
  t.teardown(() => app.close())
  return app
}

t.test('pages are served, with a policy that lets nothing else in', async (t) => {
  const folder = join(await tempDir(t), 'console')
  await mkdir(folder)
  await writeFile(
    join(folder, 'index.html'),
    '<!doctype html><title>Weir</title><script type="module" src="/main.js"></script>'
  )
  await writeFile(join(folder, 'main.js'), 'document.title = "Weir"')
  const app = await build(t, folder)
  const page = await app.inject('/')
  t.equal(page.statusCode, 200)
  t.match(page.body, '<title>Weir')
  t.match(page.headers, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
      "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY'
  })
  const script = await app.inject('/main.js')
  t.match(script.headers, { 'content-type': /javascript/, etag: /./ })
  for (const [url, { headers }] of [['/', page], ['/main.js', script]] as const) {
    const again = await app.inject({ url, headers: { 'if-none-match': String(headers.etag) } })
    t.equal(again.statusCode, 304, url)
    t.equal(again.body, '')
  }
  const head = await app.inject({ method: 'HEAD', url: '/' })
  t.equal(head.statusCode, 200)
  t.equal(head.body, '')
  t.equal(head.headers['content-length'], page.headers['content-length'])

  for (const url of ['/other.js', '/../package.json', '/%2e%2e/package.json', '/main.js/']) {
    const response = await app.inject(url)
    t.equal(response.statusCode, 404, url)
    t.match(response.headers['content-type'], 'application/problem+json')
  }
})

t.test('without them, it is said how to make them', async (t) => {
  const app = await build(t, join(await tempDir(t), 'console'))
  const response = await app.inject('/')
  t.equal(response.statusCode, 503)
  t.match(response.json(), { code: 'STATS_ERR_NO_CONSOLE', detail: /npm run build/ })
})
