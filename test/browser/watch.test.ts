import { readFile } from 'node:fs/promises'
import { type Page } from 'playwright-core'
import t from 'tap'
import { asEditor, tokenOf } from '../support/catalog.js'
import { become } from './become.js'
import { startSuite } from './suite.js'
import { startBrowser, visit } from './visit.js'

const suite = await startSuite(t)
const browser = await startBrowser(t)

/** A figure at the top of a page. */
const figure = (page: Page, label: string) => page.locator('.figure').filter({ hasText: label })
const chart = (page: Page, title: string) => page.getByRole('figure', { name: title })
/** The rows of a table that contain all of these texts. */
const rows = (page: Page, table: string, ...texts: (string | RegExp)[]) =>
  texts.reduce(
    (found, hasText) => found.filter({ hasText }),
    page.getByRole('table', { name: table }).getByRole('row')
  )

/** The height of hits from memory at the right end of the first chart, in pixels. */
const drawn = (page: Page) =>
  page.evaluate<number>(`(() => {
  const canvas = document.querySelector('canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const heights = new Array(canvas.width).fill(0)
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] === 0x0d && data[i + 1] === 0x94 && data[i + 2] === 0x68) heights[i / 4 % canvas.width]++
  }
  const end = heights.findLastIndex((height) => height > 0)
  return Math.max(0, ...heights.slice(Math.max(0, end - 2), end + 1))
})()`)

/** A completed minute of history: the later, the more hits. */
const pointOf = (index: number) => ({
  at: (Math.floor(Date.now() / 60_000) - 16 + index) * 60_000,
  requests: 60 * index,
  outcomes: { l1: 60 * index },
  hitRatio: 1,
  savedMs: 60,
  p50: 3,
  p99: 30,
  hitP50: 2,
  missP50: 20
})

t.before(() => suite.use())

t.test('Overview: figures of all instances', async (t) => {
  await visit(t, { browser, url: suite.url }, async (page) => {
    await figure(page, 'Hit ratio').getByText(/^\d[\d.]*%$/).waitFor()
    await figure(page, 'Not modified (304)').getByText(/^[1-9]\d*$/).waitFor()
    await figure(page, 'Rate-limited (429)').getByText(/^[1-9]\d*$/).waitFor()
    for (const outcome of ['memory', 'store', 'computed', 'rate-limited']) {
      await rows(page, 'Requests by outcome', outcome, /[1-9]/).waitFor()
    }
    await page
      .getByText(
        /^The cache answered [\d.]+% of cacheable requests in the last 15 minutes, saving /
      )
      .waitFor()
    await page
      .getByRole('region', { name: 'Redis' })
      .getByText('Connected', { exact: true })
      .waitFor()
    await page.getByRole('region', { name: 'Redis' }).getByText(/^\d.* MiB/).waitFor()

    await page.getByRole('link', { name: '1 hour' }).click()
    // A new minute may have begun and still be empty.
    await chart(page, 'Requests per minute by outcome')
      .getByRole('img', { name: /memory or store: \d+, between \d+ and [1-9]/ })
      .waitFor()
    t.equal(await page.title(), 'Overview · Weir')
  })
})

t.test('Overview: charts and large figures are filled from history at once', async (t) => {
  const history = { step: 'minute', points: Array.from({ length: 15 }, (_, i) => pointOf(i)) }
  // The live stream is cut, so everything drawn is history.
  await visit(
    t,
    { browser, url: `${suite.url}/#/shop`, complaint: /^Failed to load resource: / },
    async (page) => {
      await page.route(/\/api\/stats\/history/, (route) => route.fulfill({ json: history }))
      await page.route(/\/api\/stats\/live/, (route) => route.abort())
      await page.goto(`${suite.url}/?again#/`)
      await chart(page, 'Requests/s by outcome')
        .getByRole('img', { name: /^memory: 14, between 1 and 14\. / })
        .waitFor()
      await chart(page, 'Latency')
        .getByRole('img', { name: /^p50 of hits: 2\.00 ms, .* p50 computed: 20\.0 ms, / })
        .waitFor()
      const courses = figure(page, 'p50 of hits').locator('path[d^="M"]')
      await courses.first().waitFor({ state: 'attached' })
      t.equal(await courses.count(), 2, 'of hits and of computed responses')
    }
  )
})

t.test('Routes: figures of each route', async (t) => {
  await visit(t, { browser, url: `${suite.url}/#/routes` }, async (page) => {
    await rows(page, 'Routes', 'GET /api/products', 'catalog', '7').waitFor()
    await rows(page, 'Routes', 'GET /api/weather/current', 'weather').waitFor()
    await rows(page, 'Caches', 'current', 'weather', /[1-9]/).waitFor()
  })
})

t.test('one route: history, options, invalidations, and why responses are not stored', async (t) => {
  await visit(t, { browser, url: `${suite.url}/#/routes` }, async (page) => {
    await page.getByRole('link', { name: 'GET /api/products', exact: true }).click()
    await page.getByRole('heading', { name: 'GET /api/products', level: 1 }).waitFor()
    t.match(page.url(), /#\/routes\/GET%20%2Fapi%2Fproducts\?service=catalog$/)
    await figure(page, 'Requests').getByText(/^[1-9]\d*$/).waitFor()
    await chart(page, 'p99 latency by outcome').getByRole('img', { name: /memory: [\d.]+/ }).waitFor()
    await rows(page, 'Requests and latency by outcome', 'computed', /[1-9]/).waitFor()
    await page.getByText("app.get('/api/products', {").waitFor()
    await page.getByText("ttl: '60s'").waitFor()

    const { status } = await fetch(`${suite.url}/api/products/1`, {
      method: 'PATCH',
      headers: asEditor,
      body: '{"stock":7}'
    })
    t.equal(status, 200)
    await page
      .getByRole('region', { name: 'Recent invalidations' })
      .getByText(/^by (tag|URL), on catalog-\d$/)
      .first()
      .waitFor()

    await page.reload()
    await page.getByText("app.get('/api/products', {").waitFor()
    await page.goBack()
    await page.getByRole('heading', { name: 'Routes', level: 1 }).waitFor()
  })
})

t.test('Events: filtered by the address, live, and exported', async (t) => {
  await visit(t, { browser, url: `${suite.url}/#/events` }, async (page) => {
    const events = page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem')
    await events.filter({ hasText: 'Started' }).filter({ hasText: 'catalog-1' }).waitFor()
    await page.getByLabel('Event', { exact: true }).selectOption('Started')
    await page.getByLabel('Service').selectOption('weather')
    await page.waitForURL(/#\/events\?kind=started&service=weather$/)
    await events.filter({ hasText: 'catalog' }).first().waitFor({ state: 'detached' })
    for (const name of ['weather-1', 'weather-2']) await events.filter({ hasText: name }).waitFor()
    t.equal(await events.count(), 2, 'both instances')
    await page.reload()
    await events.first().waitFor()
    t.equal(await page.getByLabel('Service').inputValue(), 'weather')
    await page.goBack()
    await events.filter({ hasText: 'catalog-2' }).waitFor()

    await page.goto(`${suite.url}/#/events?kind=invalidated&tag=from-the-test`)
    await page.getByText(/^No such events/).waitFor()
    const { status } = await fetch(`${suite.url}/api/catalog/cache/invalidations`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokenOf('admin')}`,
        'content-type': 'application/json'
      },
      body: '{"tags":["from-the-test"]}'
    })
    t.equal(status, 200)
    await events.filter({ hasText: 'from-the-test' }).waitFor()

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /^Export CSV\s+of Events$/ }).click()
    ])
    t.match(download.suggestedFilename(), /^weir-events-.*\.csv$/)
    t.match(await readFile(await download.path(), 'utf8'), /^time,event,.*\r\n.*,from-the-test,\r\n$/)
  })
})

t.test('a chart zooms by dragging, and the address has the time', async (t) => {
  await visit(t, { browser, url: `${suite.url}/#/?range=1h` }, async (page) => {
    const plot = page.locator('.u-over').first()
    const { x, y, width } = (await plot.boundingBox()) ?? { x: 0, y: 0, width: 0 }
    await page.mouse.move(x + width / 2, y + 50)
    await page.mouse.down()
    await page.mouse.move(x + width - 1, y + 50, { steps: 4 })
    await page.mouse.up()
    await page.waitForURL(/#\/\?from=\d+&to=\d+$/)
    const query = new URLSearchParams(page.url().split('?')[1])
    const minutes = (Number(query.get('to')) - Number(query.get('from'))) / 60_000
    t.ok(minutes >= 28 && minutes <= 33, `half an hour: ${minutes} minutes`)

    await page.reload()
    await page.getByText(/ from \d\d:\d\d to \d\d:\d\d/).first().waitFor()
    await plot.dblclick()
    await page.waitForURL(/#\/$/)
    await page.goBack()
    await page.waitForURL(/from=/)
    await page.getByRole('link', { name: 'Zoom in' }).click()
    await page.getByRole('link', { name: 'Reset' }).click()
    await page.waitForURL(/#\/$/)
  })
})

t.test('Instances: who is there, and who answered with whose work', async (t) => {
  await visit(t, { browser, url: `${suite.url}/#/instances` }, async (page) => {
    for (const instance of ['catalog-1', 'catalog-2', 'weather-1', 'weather-2']) {
      await rows(page, 'Instances', instance, 'up').waitFor()
    }
    const matrix = page.getByRole('table', { name: 'Hits by serving and by filling instance' })
    await matrix.getByRole('columnheader', { name: /computed by catalog-/ }).first().waitFor()
    await matrix.getByRole('rowheader', { name: 'catalog-2' }).waitFor()
  })
})

t.test('Limits: rate-limited requests by policy, and clients for admins', async (t) => {
  const limits = { browser, url: `${suite.url}/#/limits`, complaint: /status of 401/ }
  await visit(t, limits, async (page) => {
    await rows(page, 'Rate-limited requests by policy', 'comparisons', 'catalog', /[1-9]/).waitFor()
    await page.getByText('Rate-limited clients: not allowed').waitFor()
    t.notMatch(await page.locator('main').innerText(), 'user:alice')
    await become(page, 'admin')
    await rows(
      page,
      'Rate-limited clients',
      'user:alice',
      'comparisons',
      'GET /api/catalog/compare'
    ).waitFor()
  })
})

t.test('figures and charts move under load', async (t) => {
  await visit(t, { browser, url: suite.url }, async (page) => {
    const requests = chart(page, 'Requests/s by outcome')
    await requests.getByRole('img', { name: /^memory: 0, / }).waitFor()
    const atRest = await drawn(page)

    const loaded = new AbortController()
    const load = (async () => {
      while (!loaded.signal.aborted) {
        await (await fetch(`${suite.url}/api/weather/current?city=Berlin`)).arrayBuffer()
      }
    })()
    await requests.getByRole('img', { name: /^memory: [1-9]/ }).waitFor()
    await figure(page, 'Requests/s').getByText(/^[1-9][\d.]*$/).waitFor()
    await chart(page, 'Latency').getByRole('img', { name: /^p50 of hits: [\d.]+ ms/ }).waitFor()
    // One second has only a peak, and is drawn after it arrives.
    const until = Date.now() + 2000
    await suite.stats.tick(({ asOf }) => asOf !== null && asOf > until)
    const underLoad = await drawn(page)
    t.ok(underLoad > 2 * atRest, `the chart ends ${underLoad} pixels high, ${atRest} before`)
    loaded.abort()
    await load
    await requests.getByRole('img', { name: /^memory: 0, between 0 and [1-9]/ }).waitFor()
  })
})

t.test(
  'without stats the last figures stay, marked as old, and it resumes by itself',
  async (t) => {
    // Chromium itself reports resources that fail to load.
    await visit(
      t,
      { browser, url: suite.url, complaint: /^Failed to load resource: / },
      async (page) => {
        await page.getByText('Live', { exact: true }).waitFor()
        const known = await figure(page, 'Rate-limited (429)').innerText()
        await suite.stats.kill()
        await page.getByText('Disconnected', { exact: true }).waitFor()
        await page.getByText(/^Disconnected for .*, trying again$/).waitFor()
        await page.getByText(/^Figures are as of .* They resume when/).waitFor()
        t.equal(await figure(page, 'Rate-limited (429)').innerText(), known)
        await page.getByRole('link', { name: 'Routes' }).click()
        await page.getByText('Routes cannot be shown').waitFor()

        await suite.statsAgain()
        await page.getByText('Live', { exact: true }).waitFor()
        await page.getByText(/^Disconnected/).waitFor({ state: 'detached' })
        await rows(page, 'Routes', 'GET /api/products', 'catalog').waitFor()
      }
    )
  }
)
