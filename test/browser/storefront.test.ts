import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import axe from 'axe-core'
import { type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { asEditor, startCatalog } from '../support/catalog.js'
import { startStorefront } from '../support/storefront.js'
import { tempDir } from '../support/temp-dir.js'
import { startBrowser, visit } from './visit.js'

const WEATHER = {
  place: { name: 'Berlin' },
  source: 'simulated',
  fetchedAt: '2026-01-01T12:00:00Z',
  current: { temperature: 21, apparentTemperature: 20, windSpeed: 11, conditions: 'clear sky' }
}

const dataDir = await tempDir(t)
const weather = createServer((_request, response) => { response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(WEATHER)) })
await new Promise<void>((resolve) => { weather.listen(0, '127.0.0.1', resolve) })
t.teardown(() => { weather.close().closeAllConnections() })
const [catalog, browser] = await Promise.all([startCatalog(t, { dataDir }), startBrowser(t)])
const { url } = await startStorefront(t, {
  DATA_DIR: dataDir,
  CATALOG_ORIGIN: catalog.url,
  WEATHER_ORIGIN: `http://127.0.0.1:${(weather.address() as AddressInfo).port}`,
  DEMO_USERS: 'true',
  DEBUG_PANEL: 'true'
})

async function looksWell (t: Test, page: Page, name: string): Promise<void> {
  await page.evaluate(`${axe.source}; undefined`)
  for (const [width, colorScheme] of [[1280, 'light'], [360, 'dark']] as const) {
    await page.setViewportSize({ width, height: 800 })
    await page.emulateMedia({ colorScheme })
    const { violations } = await page.evaluate<axe.AxeResults>('axe.run(document, { resultTypes: ["violations"] })')
    const findings = violations.flatMap(({ id, impact, nodes }) => nodes.map(({ html, failureSummary }) => `${impact}: ${id}: ${html} ${failureSummary}`))
    t.strictSame(findings, [], `${name}, ${width}, ${colorScheme}`)
    const needed = await page.evaluate<number>('document.documentElement.scrollWidth')
    t.ok(needed <= width, `${name}: ${needed} px of ${width}`)
  }
}

const signIn = async (page: Page, role: string) => {
  await page.goto(`${url}/shop/account`)
  await page.getByRole('button', { name: new RegExp(`^${role} `) }).click()
}

t.test('can be used by all: in light and dark, wide and narrow', async (t) => {
  await visit(t, { browser, url: `${url}/shop`, complaint: /status of 4(?:00|04|12)/ }, async (page) => {
    await page.getByRole('link', { name: 'Sign in' }).waitFor()
    await looksWell(t, page, 'list')
    // Browsers keep pages by what No-Vary-Search says.
    await page.goto(`${url}/shop?debug=cache`)
    await page.getByRole('heading', { name: 'What this page is made of' }).waitFor()
    await signIn(page, 'editor')
    for (const path of ['/shop?category=lighting&minPrice=20&page=2', '/shop?q=nothinglikeit', '/shop/products/21', '/shop/account', '/shop/products/21/edit', '/shop/products/22?debug=cache', '/shop/products/999999']) {
      await page.goto(url + path)
      await looksWell(t, page, path)
    }
    await page.goto(`${url}/shop/products/21/edit`)
    await page.getByLabel('Price').fill('a lot')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Price (€) must be an amount').waitFor()
    await looksWell(t, page, 'mistakes')
    await page.goto(`${url}/shop/products/23/edit`)
    await fetch(`${catalog.url}/api/products/23`, { method: 'PATCH', headers: asEditor, body: '{"stock":77}' })
    await page.getByLabel('Price').fill('12')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('This product has changed').waitFor()
    await looksWell(t, page, 'two versions')
  })
})

for (const javaScriptEnabled of [false, true]) {
  t.test(`from the list to a product, and as an editor to another price, ${javaScriptEnabled ? 'with' : 'without'} script`, async (t) => {
    await visit(t, { browser, url: `${url}/shop?q=kettle`, javaScriptEnabled, viewport: { width: 360, height: 800 } }, async (page) => {
      await page.locator('.tile').first().click()
      const name = await page.getByRole('heading', { level: 1 }).innerText()
      const product = page.url()
      await page.getByRole('link', { name: javaScriptEnabled ? 'Sign in' : 'Account', exact: true }).click()
      await page.getByRole('button', { name: /^editor / }).click()
      await page.goto(product)
      if (javaScriptEnabled) await page.getByRole('link', { name: 'Edit', exact: true }).click()
      else await page.goto(`${product}/edit`)
      const price = javaScriptEnabled ? '77.70' : '66.60'
      await page.getByLabel('Price').fill(price)
      await page.getByRole('button', { name: 'Save' }).click()
      await page.waitForURL(product)
      t.equal(await page.locator('.price.big').innerText(), `€${price}`)
      await page.goto(`${url}/shop?q=${encodeURIComponent(name)}`)
      t.match(await page.locator('.tile').first().innerText(), `€${price}`)
    })
  })
}

t.test('the catalog is gone: what is there stays, and a notice says so', async (t) => {
  await visit(t, { browser, url: `${url}/shop/products/21`, complaint: /status of 503/ }, async (page) => {
    await catalog.kill()
    await page.goto(`${url}/shop/products/21`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.goto(`${url}/shop/products/4000`)
    await page.getByText('The catalog does not answer').waitFor()
    await looksWell(t, page, 'no answer')
  })
})
