import { type Page } from 'playwright-core'
import t from 'tap'
import { become } from './become.js'
import { startSuite } from './suite.js'
import { startBrowser, visit } from './visit.js'

const suite = await startSuite(t)
const browser = await startBrowser(t)

/** A figure on top of a page. */
const figure = (page: Page, label: string) => page.locator('.figure').filter({ hasText: label })
const chart = (page: Page, title: string) => page.getByRole('figure', { name: title })
/** The rows of a table that have all of these texts in them. */
const rows = (page: Page, table: string, ...texts: (string | RegExp)[]) =>
  texts.reduce((found, hasText) => found.filter({ hasText }), page.getByRole('table', { name: table }).getByRole('row'))

/** How much of the first chart has the colour of hits from memory. Pixels. */
const drawn = (page: Page) => page.evaluate<number>(`(() => {
  const canvas = document.querySelector('canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  let pixels = 0
  for (let i = 0; i < data.length; i += 4) if (data[i] === 0x0d && data[i + 1] === 0x94 && data[i + 2] === 0x68) pixels++
  return pixels
})()`)

t.before(() => suite.use())

t.test('Overview: what all instances did', async (t) => {
  await visit(t, { browser, url: suite.url }, async (page) => {
    await figure(page, 'Hit ratio').getByText(/^\d[\d.]* %$/).waitFor()
    await figure(page, 'Answered 304').getByText(/^[1-9]\d*$/).waitFor()
    await figure(page, 'Limited').getByText(/^[1-9]\d*$/).waitFor()
    for (const outcome of ['memory', 'store', 'computed', 'limited']) {
      await rows(page, 'Requests by how they were answered', outcome, /[1-9]/).waitFor()
    }
    await page.getByText(/% of what could come from the cache in the last 15 minutes did/).waitFor()
    await page.getByRole('region', { name: 'Redis' }).getByText('Connected', { exact: true }).waitFor()
    await page.getByRole('region', { name: 'Redis' }).getByText(/^\d.* MiB/).waitFor()

    await page.getByRole('link', { name: '1 hour' }).click()
    // The last minute may have begun since, and have nothing yet.
    await chart(page, 'Requests each minute, by how they were answered').getByRole('img', { name: /memory or store: \d+, between \d+ and [1-9]/ }).waitFor()
    t.equal(await page.title(), 'Overview · Weir')
  })
})

t.test('Routes: what each route did', async (t) => {
  await visit(t, { browser, url: `${suite.url}/#/routes` }, async (page) => {
    await rows(page, 'Routes', 'GET /api/products', 'catalog', '7').waitFor()
    await rows(page, 'Routes', 'GET /api/weather/current', 'weather').waitFor()
    await rows(page, 'Caches', 'current', 'weather', /[1-9]/).waitFor()
  })
})

t.test('Instances: who is there, and who answered with whose work', async (t) => {
  await visit(t, { browser, url: `${suite.url}/#/instances` }, async (page) => {
    for (const instance of ['catalog-1', 'catalog-2', 'weather-1', 'weather-2']) {
      await rows(page, 'Instances', instance, 'up').waitFor()
    }
    const matrix = page.getByRole('table', { name: 'Hits by who served and who filled' })
    await matrix.getByRole('columnheader', { name: /filled by catalog-/ }).first().waitFor()
    await matrix.getByRole('rowheader', { name: 'catalog-2' }).waitFor()
  })
})

t.test('Limits: how much was limited, and by what; which clients were, for admins', async (t) => {
  await visit(t, { browser, url: `${suite.url}/#/limits` }, async (page) => {
    await rows(page, 'Refused requests by policy', 'comparisons', 'catalog', /[1-9]/).waitFor()
    await page.getByText('Seeing which clients were refused needs the role admin. You are anonymous.').waitFor()
    t.notMatch(await page.locator('main').innerText(), 'user:alice')
    await become(page, 'admin')
    await rows(page, 'Refused clients', 'user:alice', 'comparisons', 'GET /api/catalog/compare').waitFor()
  })
})

t.test('figures and charts move under load', async (t) => {
  await visit(t, { browser, url: suite.url }, async (page) => {
    const requests = chart(page, 'Requests a second, by how they were answered')
    await requests.getByRole('img', { name: /^memory: 0, between 0 and 0\./ }).waitFor()
    const atRest = await drawn(page)

    const loaded = new AbortController()
    const load = (async () => {
      while (!loaded.signal.aborted) await (await fetch(`${suite.url}/api/weather/current?city=Berlin`)).arrayBuffer()
    })()
    await requests.getByRole('img', { name: /^memory: [1-9]/ }).waitFor()
    await figure(page, 'Requests a second').getByText(/^[1-9][\d.]*$/).waitFor()
    await chart(page, 'Latency: median by where from').getByRole('img', { name: /^memory: [\d.]+ ms/ }).waitFor()
    // Of one second there is only a peak, and it is drawn after it is told.
    const until = Date.now() + 2000
    await suite.stats.tick(({ asOf }) => asOf !== null && asOf > until)
    const underLoad = await drawn(page)
    t.ok(underLoad > 2 * atRest, `there is an area where there was a line: ${underLoad} pixels, and ${atRest} before`)
    loaded.abort()
    await load
    await requests.getByRole('img', { name: /^memory: 0, between 0 and [1-9]/ }).waitFor()
  })
})

t.test('without stats the last figures stay, and it says that they are old; it goes on by itself', async (t) => {
  // What cannot be loaded, Chromium says itself.
  await visit(t, { browser, url: suite.url, complaint: /^Failed to load resource: / }, async (page) => {
    await page.getByText('Live', { exact: true }).waitFor()
    const known = await figure(page, 'Limited').innerText()
    await suite.stats.kill()
    await page.getByText('Disconnected', { exact: true }).waitFor()
    await page.getByText(/^Disconnected for .*, trying again$/).waitFor()
    await page.getByText(/^Figures are as of .* They go on by themselves/).waitFor()
    t.equal(await figure(page, 'Limited').innerText(), known)
    await page.getByRole('link', { name: 'Routes' }).click()
    await page.getByText('Routes cannot be shown').waitFor()

    await suite.statsAgain()
    await page.getByText('Live', { exact: true }).waitFor()
    await page.getByText(/^Disconnected/).waitFor({ state: 'detached' })
    await rows(page, 'Routes', 'GET /api/products', 'catalog').waitFor()
  })
})
