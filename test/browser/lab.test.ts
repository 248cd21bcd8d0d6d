import t from 'tap'
import { buildFrontDoor } from '#infra/local/front-door.js'
import { suite } from '#infra/local/suite.js'
import { startRedis } from '@weir/internal/testing'
import { redisStore } from '@weir/metrics/redis'
import { startCatalog } from '../support/catalog.js'
import { startStats } from '../support/stats.js'
import { startStorefront } from '../support/storefront.js'
import { tempDir } from '../support/temp-dir.js'
import { looksWell } from './looks-well.js'
import { startBrowser, visit } from './visit.js'

const dataDir = await tempDir(t)
const [catalog, browser] = await Promise.all([startCatalog(t, { dataDir }), startBrowser(t)])
const { url } = await startStorefront(t, {
  DATA_DIR: dataDir,
  CATALOG_ORIGIN: catalog.url,
  WEATHER_ORIGIN: catalog.url,
  LAB: 'true'
})

t.test('the lab: each way live, the last twenty, a load, and cold again', async (t) => {
  await visit(
    t,
    { browser, url: `${url}/shop`, complaint: /status of 503|ERR_FAILED/ },
    async (page) => {
      await page.getByRole('link', { name: 'Lab' }).click()
      await page.getByRole('heading', { name: 'Under load' }).waitFor()
      await looksWell(t, page, 'lab')
      const result = page.locator('[data-result]')
      const run = async (way: string, origin: string) => {
        await page.getByRole('button', { name: way, exact: true }).click()
        await result.getByText(new RegExp(` ms ${way}, ${origin}$`)).waitFor()
      }
      await page.getByLabel('A slow query').check()
      await run('Uncached', 'computed')
      await run('Memoized in the process', 'computed')
      await run('Memoized in the process', 'memory')
      await run('From the shared store', 'computed')
      await run('From the shared store', 'store')
      await run('Cached response', 'computed')
      await run('Cached response', 'hit')
      t.match(
        await result.innerText(),
        /bought together.*No handler ran\. Computed by storefront-1: its computation 4,/s
      )
      for (let i = 0; i < 15; i++) {
        await page.getByRole('button', { name: 'Memoized in the process' }).click()
        await page
          .getByRole('img', { name: new RegExp(`^${Math.min(20, i + 8)} runs\\.`) })
          .waitFor()
      }
      t.equal(
        await page
          .getByRole('img', { name: /^20 runs\. The last: Memoized in the process/ })
          .locator('.whole')
          .count(),
        20
      )
      await page.getByText('As a table').click()
      t.equal(
        await page
          .getByRole('table', { name: 'Last runs, newest first' })
          .locator('tbody tr')
          .count(),
        20
      )

      await page.getByRole('button', { name: 'Forget the results' }).click()
      await page
        .getByText(
          /^Forgotten: the results in the shared store, and those that storefront-1 has memoized\./
        )
        .waitFor()
      await run('Cached response', 'computed')

      await page.getByLabel('Requests of each way').selectOption('20')
      await page.getByRole('button', { name: 'Run the load' }).click()
      await page.getByText(/^A cached response takes .* instead of .* requests\/s\.$/).waitFor()
      const table = page.getByRole('table', { name: 'Load, by way' })
      t.strictSame(await table.getByRole('rowheader').allInnerTexts(), [
        'Uncached',
        'Memoized in the process',
        'From the shared store',
        'Cached response'
      ])
      for (const row of await table.locator('tbody tr').allInnerTexts()) {
        t.match(row, /\t[\d,]+\t\d+×\t[\d,.]+ ms\t[\d,.]+ ms\t[\d,.]+ ms\t0$/)
      }
      for (const name of [/^Requests per second\. Uncached: /, /^Latency\. Uncached: p50 /]) {
        t.equal(await page.getByRole('img', { name }).locator('rect').count(), 4)
      }
      await looksWell(t, page, 'lab with results')

      await page.route('**/shop/lab/run/**', (route) =>
        route.fulfill({
          status: 503,
          contentType: 'application/problem+json',
          body: '{"detail":"Too many."}',
          headers: { 'retry-after': '3' }
        })
      )
      await page.getByRole('button', { name: 'Uncached', exact: true }).click()
      await result.getByText('Too many. Retry after 3 s.').waitFor()
      await page.getByRole('button', { name: 'Run the load' }).click()
      await page.locator('[data-progress]').getByText('Too many. Retry after 3 s.').waitFor()
      await page.route('**/shop/lab/**', (route) => route.abort())
      await page.getByRole('button', { name: 'Forget the results' }).click()
      await page.getByText('The shop does not answer: it may be restarting').waitFor()
    }
  )
})

t.test('the lab without scripts: a run is a page', async (t) => {
  await visit(
    t,
    {
      browser,
      url: `${url}/shop/lab`,
      javaScriptEnabled: false,
      viewport: { width: 360, height: 800 }
    },
    async (page) => {
      t.equal(await page.getByRole('button', { name: 'Run the load' }).isVisible(), false)
      await page.getByLabel('A slow query').check()
      await page.getByRole('button', { name: 'Forget the results' }).click()
      await page.getByText('Forgotten: the results in the shared store').waitFor()
      t.equal(await page.getByLabel('A slow query').isChecked(), true, 'the choice is kept')
      await page.getByRole('button', { name: 'From the shared store' }).click()
      await page.getByText('From the shared store, computed').waitFor()
      await page.reload()
      await page.getByText('From the shared store, store').waitFor()
      t.equal(await page.getByLabel('A slow query').isChecked(), true)
    }
  )
})

t.test('the console compares the ways of the lab, and reports a missing lab', async (t) => {
  const redis = await startRedis(t)
  // Catalog and storefront report to files here: this stands in for their announcement.
  await redisStore({ client: await redis.connect() }).write({
    run: 'run-1',
    service: 'storefront',
    instance: 'storefront-1',
    pid: 1,
    node: process.versions.node,
    startedAt: Date.now(),
    at: Date.now(),
    rssBytes: 0,
    heapBytes: 0,
    eventLoopDelayMs: 0,
    l1: { entries: 0, bytes: 0, evictions: 0 },
    invalidations: [],
    announced: {
      cacheAdmin: [],
      demos: { lab: '/shop/lab', compare: '/api/catalog/compare' },
      routes: []
    }
  }, [])
  const stats = await startStats(t, redis.url)
  const upstreams: Readonly<Record<string, string>> = {
    catalog: catalog.url,
    storefront: url,
    stats: stats.url
  }
  const frontDoor = buildFrontDoor(
    suite(Promise.resolve({ kind: 'simulator', note: '' })).map((service) => ({
      ...service,
      upstreams: [{ name: service.name, url: upstreams[service.name] }]
    }))
  )
  t.teardown(() => frontDoor.close())
  const console = await frontDoor.listen({ host: '127.0.0.1', port: 0 })
  await visit(
    t,
    { browser, url: `${console}/#/compare`, complaint: /status of 404/ },
    async (page) => {
      await page.getByRole('radio', { name: 'A slow query' }).check()
      await page.getByLabel('Requests of each way').selectOption('20')
      await page.getByLabel('At once').selectOption('2')
      await page.getByRole('button', { name: 'Run the load' }).click()
      await page.getByText(/^A cached response takes .* instead of .* requests\/s\.$/).waitFor()
      const table = page.getByRole('table', { name: 'Throughput and latency, by way' })
      t.strictSame(await table.getByRole('rowheader').allInnerTexts(), [
        'Uncached',
        'Memoized in the process',
        'From the shared store',
        'Cached response'
      ])
      t.match(await table.getByRole('row').nth(1).innerText(), /1×/)
      await looksWell(t, page, 'Compare, with ways')
      await page.route('**/shop/lab/run/**', (route) => route.fulfill({ status: 404, body: '' }))
      await page.getByRole('button', { name: 'Run the load' }).click()
      await page.getByText('The shop has no lab here').waitFor()
      await page.getByRole('button', { name: 'Measure' }).waitFor()
    }
  )
})
