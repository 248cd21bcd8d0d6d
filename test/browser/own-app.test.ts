import consolePlugin from '@weir/console'
import { memoryStore as cacheStore } from '@weir/cache/memory'
import observability from '@weir/fastify/observability'
import responseCache from '@weir/fastify/response-cache'
import { memoryStore } from '@weir/metrics'
import { fastify } from 'fastify'
import t from 'tap'
import { looksWell } from './looks-well.js'
import { startBrowser, visit } from './visit.js'

const [browser, app] = [await startBrowser(t), fastify()]
t.teardown(() => app.close())
const store = memoryStore()
await app.register(observability, { store, service: 'books', instance: 'books-1' })
await app.register(responseCache, { store: cacheStore(), name: 'books-1' })
app.get('/books', { config: { cache: { public: true, ttl: '1m', tags: ['books'] } } }, async () =>
  [{ title: 'Dune' }]
)
await app.register(async (scope) => {
  await scope.register(consolePlugin, { store, authorize: () => true, prefix: '/console' })
}, { prefix: '/ops' })
const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/ops/console`

t.test('an application that is none of the suite: no demo, its own routes', async (t) => {
  await visit(t, { browser, url }, async (page) => {
    await page.waitForURL(/\/ops\/console\/$/)
    await page.getByText('books: figures appear with the first request.').waitFor()
    await looksWell(t, page, 'first steps')
    for (const name of ['Shop', 'Weather', 'Send demo traffic', 'Change a price']) {
      t.equal(await page.getByText(name, { exact: true }).count(), 0, name)
    }

    await page.goto(`${url}/#/shop`)
    await page.getByRole('heading', { name: 'No such page' }).waitFor()

    await page.goto(`${url}/#/try`)
    const path = page.getByLabel('Path')
    await page.waitForFunction('document.querySelector("input[list]")?.value === "/books"')
    await page.getByRole('button', { name: /^Send as/ }).click()
    await page.getByText(/^books-1 had no response /).waitFor()
    await looksWell(t, page, 'try')
    t.equal(await path.inputValue(), '/books')

    await page.goto(`${url}/#/compare`)
    await page.getByRole('button', { name: 'Measure' }).click()
    await page.getByRole('table', { name: /Round trips/ }).waitFor()
    t.match(await page.getByRole('row', { name: /As it is/ }).innerText(), /memory/i)
    await looksWell(t, page, 'compare')

    await page.goto(`${url}/#/invalidate`)
    await page.getByText('No service announces routes to invalidate with').waitFor()
    await looksWell(t, page, 'invalidate')
  })
})

t.test('figures of the application arrive live, without those of the console', async (t) => {
  await visit(t, { browser, url: `${url}/#/routes` }, async (page) => {
    await page.getByRole('table', { name: 'Routes' }).getByText('GET /books').waitFor()
    t.equal(await page.getByText('/ops/console').count(), 0)
  })
})
