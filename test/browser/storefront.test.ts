import responseCache from '@weir/fastify/response-cache'
import { memoryStore } from '@weir/cache/memory'
import { fastify } from 'fastify'
import { type Page } from 'playwright-core'
import t from 'tap'
import { asEditor } from '../support/catalog.js'
import { become } from './become.js'
import { looksWell } from './looks-well.js'
import { startSuite } from './suite.js'
import { startBrowser, visit } from './visit.js'

const MINUTE = 60_000

t.setTimeout(4 * MINUTE)

const [suite, browser] = await Promise.all([startSuite(t, { storefronts: 2 }), startBrowser(t)])
const { url, storefronts, catalogs, redis, weather } = suite

const signIn = async (page: Page, role: string) => {
  await page.goto(`${url}/shop/account`)
  await page.getByRole('button', { name: new RegExp(`^${role} `) }).click()
}

/** Reads by cache. */
type Reads = Record<string, { hits: number, stale: number, misses: number, savedMicros: number }>

/** Adds the reads that a page's panel reports. */
function addPanel (sum: Reads, body: string): void {
  for (const [, cache = '', ...told] of body.matchAll(
    /<th scope="row">(\w+)<\/th><td>(\d+)<\/td><td>(\d+)<\/td><td>(\d+)<\/td><td><data value="([\d.]+)">/g
  )) {
    const [hits = NaN, stale = NaN, misses = NaN, savedMs = NaN] = told.map(Number)
    const of = (sum[cache] ??= { hits: 0, stale: 0, misses: 0, savedMicros: 0 })
    Object.assign(of, {
      hits: of.hits + hits,
      stale: of.stale + stale,
      misses: of.misses + misses,
      savedMicros: of.savedMicros + Math.round(savedMs * 1000)
    })
  }
}

/** Reads of the storefront's caches, as reported by the stats service. */
async function statsOfCaches (): Promise<Reads> {
  const { caches } = (await (await fetch(`${url}/api/stats/caches`)).json()) as {
    caches: {
      service: string
      cache: string
      hits: number
      stale: number
      misses: number
      savedMs: number
    }[]
  }
  return Object.fromEntries(
    caches
      .filter(({ service }) => service === 'storefront')
      .map(({ cache, hits, stale, misses, savedMs }) => [
        cache,
        { hits, stale, misses, savedMicros: Math.round(savedMs * 1000) }
      ])
  )
}

// Runs first, before any page was requested.
t.test(
  'the panels of two instances add up to the figures of the stats service',
  async (t) => {
    const said: Reads = {}
    await Promise.all(
      storefronts.map(async (instance) => {
        for (let i = 0; i < 8; i++) {
          for (const path of ['/shop', `/shop/products/${31 + (i % 2)}`]) {
            const response = await fetch(`${instance.url}${path}?debug=cache`)
            t.equal(response.status, 200)
            addPanel(said, await response.text())
          }
        }
      })
    )
    t.match(Object.keys(said).sort(), ['catalog', 'fragments', 'queries'])
    t.ok(
      (said['fragments']?.hits ?? 0) > 100 && (said['fragments']?.savedMicros ?? 0) > 1000,
      JSON.stringify(said)
    )
    const readsOf = (all: Reads) =>
      Object.values(all).reduce((sum, { hits, misses }) => sum + hits + misses, 0)
    let told: Reads = {}
    while (readsOf(told) < readsOf(said)) {
      await suite.stats.tick(() => true)
      told = await statsOfCaches()
    }
    t.strictSame(told, said)
  }
)

t.test('accessible in light and dark, wide and narrow', async (t) => {
  await visit(
    t,
    { browser, url: `${url}/shop`, complaint: /status of 4(?:00|04|12)/ },
    async (page) => {
      await page.getByRole('link', { name: 'Sign in' }).waitFor()
      await looksWell(t, page, 'list')
      // Browsers reuse pages according to No-Vary-Search.
      await page.goto(`${url}/shop?debug=cache`)
      await page.getByRole('heading', { name: 'What this page is made of' }).waitFor()
      await page.goto(`${url}/shop/account`)
      await page.getByLabel('Token').fill('x')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByText('This token is not accepted').waitFor()
      await looksWell(t, page, 'a token that is not accepted')
      await signIn(page, 'editor')
      for (const path of [
        '/shop?category=lighting&minPrice=20&page=2',
        '/shop?q=nothinglikeit',
        '/shop/products/21',
        '/shop/account',
        '/shop/products/21/edit',
        '/shop/products/22?debug=cache',
        '/shop/products/999999'
      ]) {
        await page.goto(url + path)
        await looksWell(t, page, path)
      }
      await page.goto(`${url}/shop/products/21/edit`)
      await page.getByLabel('Price').fill('a lot')
      // Browser validation would report the error itself and send nothing.
      await page.evaluate('document.querySelector("form.form").noValidate = true')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Write the price as an amount').waitFor()
      await looksWell(t, page, 'mistakes')
      await page.goto(`${url}/shop/products/23/edit`)
      await fetch(`${url}/api/products/23`, {
        method: 'PATCH',
        headers: asEditor,
        body: '{"stock":77}'
      })
      await page.getByLabel('Price').fill('12')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('This product has changed').waitFor()
      await looksWell(t, page, 'two versions')
    }
  )
})

for (const javaScriptEnabled of [false, true]) {
  t.test(
    `from the list to a product, and as an editor to another price, ${javaScriptEnabled ? 'with' : 'without'} script`,
    async (t) => {
      await visit(
        t,
        {
          browser,
          url: `${url}/shop?q=kettle`,
          javaScriptEnabled,
          viewport: { width: 360, height: 800 }
        },
        async (page) => {
          await page.locator('.tile').first().click()
          const name = await page.getByRole('heading', { level: 1 }).innerText()
          const product = page.url()
          await page
            .getByRole('link', { name: javaScriptEnabled ? 'Sign in' : 'Account', exact: true })
            .click()
          await page.getByRole('button', { name: /^editor / }).click()
          await page.goto(product)
          if (javaScriptEnabled) {
            await page.getByRole('link', { name: 'Edit', exact: true }).click()
          } else {
            await page.goto(`${product}/edit`)
          }
          const price = javaScriptEnabled ? '77.70' : '66.60'
          await page.getByLabel('Price').fill(price)
          await page.getByRole('button', { name: 'Save' }).click()
          await page.waitForURL(product)
          t.equal(await page.locator('.price.big').innerText(), `€${price}`)
          await page.goto(`${url}/shop?q=${encodeURIComponent(name)}`)
          t.match(await page.locator('.tile').first().innerText(), `€${price}`)
        }
      )
    }
  )
}

/** The newest product: it is on the first page of the list. */
async function newest (): Promise<{ id: number, name: string }> {
  const {
    items: [product]
  } = (await (await fetch(`${url}/api/products?limit=1`)).json()) as {
    items: { id: number; name: string }[]
  }
  return product ?? { id: 0, name: '' }
}

t.test(
  'the next page of either storefront shows a write in the console',
  async (t) => {
    const { id } = await newest()
    await visit(t, { browser, url: `${url}/#/shop/${id}` }, async (page) => {
      await become(page, 'editor')
      const readers = await Promise.all(
        storefronts.map(async (storefront) => ({
          storefront,
          page: await page.context().newPage()
        }))
      )
      for (const change of ['first', 'second']) {
        // Each instance has both pages, and so has the browser.
        for (const { storefront, page } of readers) {
          for (const path of ['/shop', `/shop/products/${id}`]) {
            await page.goto(storefront.url + path)
          }
        }
        await page.getByLabel('Name').fill(`Lamp of the ${change} change`)
        await page.getByRole('button', { name: 'Save' }).click()
        await page.getByText(/^Saved as version/).waitFor()
        for (const { storefront, page } of readers) {
          await page.goto(`${storefront.url}/shop/products/${id}`)
          t.equal(
            await page.getByRole('heading', { level: 1 }).innerText(),
            `Lamp of the ${change} change`,
            storefront.url
          )
          await page.goto(`${storefront.url}/shop`)
          t.match(
            await page.locator('.tile').first().innerText(),
            `Lamp of the ${change} change`,
            storefront.url
          )
        }
      }
    })
  }
)

t.test(
  'browsers send ?refresh=1 to the server, but no other unknown parameter',
  async (t) => {
    const app = fastify()
    t.teardown(() => app.close())
    await app.register(responseCache, { store: memoryStore() })
    const asked: string[] = []
    let runs = 0
    app.addHook('onRequest', async ({ url }) => {
      asked.push(url)
    })
    const schema = {
      querystring: { type: 'object', properties: { page: { type: 'integer' } } }
    } as const
    app.get(
      '/',
      { schema, config: { cache: { ttl: '1h', refresh: () => true } } },
      async (_request, reply) =>
        reply
          .type('text/html')
          .header('cache-control', 'public, max-age=3600')
          .send(`<!doctype html><title>x</title><link rel="icon" href="data:,"><p>run ${++runs}`)
    )
    const origin = await app.listen({ host: '127.0.0.1', port: 0 })
    await visit(t, { browser, url: origin }, async (page) => {
      const shown = async (query: string) => {
        await page.goto(`${origin}/${query}`)
        return page.locator('p').innerText()
      }
      t.equal(await shown('?utm_source=x'), 'run 1')
      t.equal(await shown('?refresh=1'), 'run 2')
      t.strictSame(asked, ['/', '/?refresh=1'])
    })
  }
)

/** Requests pages again and again, one after the other, until it is stopped. */
function keepAsking (origin: string, paths: readonly string[]) {
  const statuses: Record<string, number> = {}
  const ended = new AbortController()
  const asking = (async () => {
    for (let i = 0; !ended.signal.aborted; i++) {
      const { status } = await fetch(origin + paths[i % paths.length])
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  })()
  return {
    /** Resolves after `count` more responses. */
    async answers (count: number) {
      const sum = () => Object.values(statuses).reduce((all, one) => all + one, 0)
      for (const until = sum() + count; sum() < until;) {
        await new Promise((resolve) => {
          setImmediate(resolve)
        })
      }
    },
    async end () {
      ended.abort()
      await asking
      return statuses
    }
  }
}

const PAGES = ['/shop', '/shop/products/21', '/shop/products/22']
const NOTICE = 'Showing saved content'

t.test(
  'sources of a page fail: pages use stored parts, and say so',
  async (t) => {
    const bodyOf = async (path: string, origin = url) => (await fetch(origin + path)).text()
    for (const { url } of storefronts) {
      for (const path of PAGES) t.notMatch(await bodyOf(path, url), NOTICE)
    }

    t.test('Open-Meteo is down: the weather box says that it may be old', async (t) => {
      await weather.upstreamHas({ kind: 'drop' })
      for (const one of [weather, ...storefronts]) await one.advance(30 * MINUTE)
      const body = await bodyOf('/shop/products/21')
      t.match(body, /°C.*This may be out of date/s)
      t.notMatch(body, NOTICE, 'all else is current')
    })

    t.test('the weather service is down: the page says so, too', async (t) => {
      await Promise.all(weather.instances.map(({ kill }) => kill()))
      for (const storefront of storefronts) await storefront.advance(30 * MINUTE)
      await visit(t, { browser, url: `${url}/shop/products/21` }, async (page) => {
        await page
          .getByText(
            'Showing saved content: the weather service does not answer. The weather may have changed.'
          )
          .waitFor()
        await page.getByText('°C').first().waitFor()
        await looksWell(t, page, 'no weather')
      })
    })

    t.test(
      'Redis is down: pages are rendered without it, and are current',
      async (t) => {
        const asking = keepAsking(url, PAGES)
        await asking.answers(10)
        await redis.kill()
        await asking.answers(10)
        const changed = await fetch(`${url}/api/products/21`, {
          method: 'PATCH',
          headers: asEditor,
          body: '{"price":4321}'
        })
        t.equal(changed.status, 200)
        for (const { url } of storefronts) {
          t.match(await bodyOf('/shop/products/21', url), '€43.21')
        }
        t.notMatch(await bodyOf('/shop'), NOTICE)
        await redis.start()
        await asking.answers(10)
        t.strictSame(Object.keys(await asking.end()), ['200'])
        for (const { url } of storefronts) {
          t.match(await bodyOf('/shop/products/21', url), '€43.21')
        }
      }
    )

    t.test('an instance is down: the other one continues', async (t) => {
      const [first, second] = storefronts
      const asking = keepAsking(url, PAGES)
      await asking.answers(10)
      await first?.kill()
      await asking.answers(20)
      t.strictSame(Object.keys(await asking.end()), ['200'])
      t.notMatch(await bodyOf('/shop', second?.url), NOTICE)
    })

    t.test('the catalog is down: pages stay the same', async (t) => {
      for (const path of PAGES) await bodyOf(path)
      await Promise.all(catalogs.map(({ kill }) => kill()))
      await storefronts[1]?.advance(30 * MINUTE)
      await visit(
        t,
        { browser, url: `${url}/shop/products/21`, complaint: /status of 503/ },
        async (page) => {
          for (const path of PAGES) {
            await page.goto(url + path)
            await page.getByText(`${NOTICE}: the catalog`).waitFor()
          }
          await page.goto(`${url}/shop/products/4000`)
          await page.getByText('The catalog does not answer').waitFor()
          await looksWell(t, page, 'no answer')
        }
      )
    })
  }
)
