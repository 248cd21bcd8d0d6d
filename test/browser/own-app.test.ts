import { setTimeout as wait } from 'node:timers/promises'
import consolePlugin from '@weir/console'
import { memoryStore as cacheStore } from '@weir/cache/memory'
import { createEdge, EdgeError } from '@weir/edge'
import edgePlugin from '@weir/fastify/edge'
import invalidation from '@weir/fastify/invalidation'
import journal from '@weir/fastify/journal'
import observability from '@weir/fastify/observability'
import responseCache from '@weir/fastify/response-cache'
import { memoryStore } from '@weir/metrics'
import { memoryJournal } from '@weir/metrics/journal'
import { fastify } from 'fastify'
import t from 'tap'
import { looksWell } from './looks-well.js'
import { startBrowser, visit } from './visit.js'

const [browser, app] = [await startBrowser(t), fastify()]
t.teardown(() => app.close())
const [store, cache, journals] = [memoryStore(), cacheStore(), memoryJournal()]
await app.register(observability, { store, service: 'books', instance: 'books-1' })
let isRefused = false
const edge = createEdge({
  destinations: [{
    name: 'cdn',
    wait: 100,
    async purge () {
      if (isRefused) throw new EdgeError('WEIR_EDGE_REFUSED', 'cdn at https://cdn.example answered 401')
    }
  }],
  handover: 0,
  pollInterval: 20
})
await app.register(edgePlugin, { edge })
await app.register(responseCache, { store: cache, name: 'books-1' })
await app.register(journal, { store: journals })
await app.register(invalidation)
app.put('/books', { config: { invalidates: ['books'] } }, async () => ({ title: 'Emma' }))
app.get('/books', { config: { cache: { public: true, ttl: '1m', tags: ['books'] } } }, async () =>
  [{ title: 'Dune' }]
)
await app.register(async (scope) => {
  await scope.register(consolePlugin, {
    store,
    cache,
    journal: journals,
    prefix: '/console',
    // Like an application whose login sets a cookie, and which knows no tokens.
    authorize: ({ headers }, action) => action === 'view' || headers.cookie === 'who=admin'
  })
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
  })
})

t.test('the server decides who may do what, not the roles of the suite', async (t) => {
  await visit(t, { browser, url: `${url}/#/keys`, complaint: /status of 403/ }, async (page) => {
    const main = page.locator('main')
    await page.getByText('Keys: not allowed').waitFor()
    t.match(await main.innerText(), /the option "authorize" of the console refuses it/)
    await looksWell(t, page, 'keys, refused')
    await main.getByRole('button', { name: 'Choose an identity' }).click()
    const dialog = page.getByRole('dialog', { name: 'Identity' })
    const text = await dialog.innerText()
    t.match(text, /cookies and Basic credentials/)
    for (const ofTheSuite of ['npm start', 'editor', 'login link']) t.notMatch(text, ofTheSuite)
    await dialog.getByRole('button', { name: 'Done' }).click()

    await page.goto(`${url}/#/invalidate`)
    await page.getByLabel('Tags').fill('books')
    await page.getByRole('button', { name: 'Invalidate', exact: true }).click()
    const alert = page.getByRole('alert')
    await alert.getByText('Nothing was invalidated').waitFor()
    await alert.getByRole('button', { name: 'Choose an identity' }).waitFor()
  })

  await visit(t, { browser, url: `${url}/#/` }, async (page) => {
    await page.context().addCookies([{ name: 'who', value: 'admin', url }])
    await fetch(new URL('/books', url))
    await page.goto(`${url}/#/keys`)
    const keys = page.getByRole('table', { name: 'Keys of responses' })
    await keys.getByRole('link', { name: '/books' }).click()
    await page.getByRole('region', { name: '/books' }).getByText('Response, status 200').waitFor()

    await page.goto(`${url}/#/invalidate`)
    await page.getByLabel('Tags').fill('books')
    await looksWell(t, page, 'invalidate')
    await page.getByRole('button', { name: 'Invalidate', exact: true }).click()
    await page.getByText('1 tag invalidated').waitFor()
    t.match((await fetch(new URL('/books', url))).headers.get('cache-status'), 'fwd=')
  })
})

t.test('the journal explains a response in one screen, and finds events', async (t) => {
  await visit(t, { browser, url: `${url}/#/` }, async (page) => {
    await page.context().addCookies([{ name: 'who', value: 'admin', url }])
    const books = new URL('/books', url)
    for (const method of ['PUT', 'GET', 'GET']) await fetch(books, { method })
    // The write is a later one also by the clock.
    await new Promise((resolve) => setTimeout(resolve, 50))
    await fetch(books, { method: 'PUT' })
    await app.journal.flush()

    await page.goto(`${url}/#/journal`)
    await page.getByRole('list', { name: 'Events, newest first' }).getByText('Written').first().waitFor()
    await looksWell(t, page, 'journal')
    await page.getByRole('button', { name: 'Why this version?' }).click()
    await page.getByText('Enter the path of the response.').waitFor()
    await page.getByRole('textbox', { name: 'URL' }).fill('/books')
    await page.getByRole('button', { name: 'Why this version?' }).click()
    await page.getByText('Served before the write', { exact: true }).waitFor()
    t.match(await page.locator('main').innerText(),
      /It was still the current version: the memory of books-1 served the version computed by books-1 at/)
    const evidence = page.getByRole('list', { name: 'Evidence, oldest first' })
    t.equal(await evidence.locator('[data-decisive=true]').count(), 4)
    await looksWell(t, page, 'journal, answer')
    await evidence.getByRole('link', { name: 'This request' }).last().click()
    await page.getByRole('list', { name: 'Events, newest first' }).waitFor()

    await fetch(books)
    await page.goto(`${url}/#/keys`)
    await page.getByRole('link', { name: '/books' }).click()
    await page.getByRole('link', { name: 'Journal of this response' }).click()
    await page.getByRole('list', { name: 'Evidence, oldest first' }).waitFor()
  })
})

t.test('figures of the application arrive live, without those of the console', async (t) => {
  await visit(t, { browser, url: `${url}/#/routes` }, async (page) => {
    await page.getByRole('table', { name: 'Routes' }).getByText('GET /books').waitFor()
    t.equal(await page.getByText('/ops/console').count(), 0)
  })
})

t.test('Edge: purges that were given up are delivered again, or discarded', async (t) => {
  isRefused = true
  const tags = ['books', 'book:1', 'a:tag:of:some:length:that:does:not:fit:into:one:line:of:a:phone']
  await app.responseCache.invalidate(tags)
  while ((await edge.deadLetters()).length < 3) await wait(10)
  isRefused = false
  await visit(t, { browser, url: `${url}/#/edge`, complaint: /status of 403/ }, async (page) => {
    const letters = page.getByRole('table', { name: 'Dead letters of books' })
    await letters.getByText('book:1').waitFor()
    await page.getByRole('table', { name: 'Destinations' }).getByText('failing').waitFor()
    await looksWell(t, page, 'edge')
    await page.getByRole('button', { name: 'Redeliver books at cdn' }).click()
    await page.getByRole('alert').getByText('Nothing was changed').waitFor()
    t.equal((await edge.deadLetters()).length, 3)

    await page.context().addCookies([{ name: 'who', value: 'admin', url }])
    await page.getByRole('button', { name: 'Redeliver books at cdn' }).click()
    await page.getByText('Put back').waitFor()
    await page.getByRole('button', { name: 'Redeliver books at cdn' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Discard all shown…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Discard 2 dead letters?').waitFor()
    await looksWell(t, page, 'edge, to discard')
    await dialog.getByRole('button', { name: 'Discard' }).click()
    await page.getByText('Discarded').waitFor()
    await letters.waitFor({ state: 'detached' })
    t.strictSame(await edge.deadLetters(), [])
  })
})
