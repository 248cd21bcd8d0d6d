import { type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { become } from './become.js'
import { looksWell } from './looks-well.js'
import { startSuite } from './suite.js'
import { startBrowser, visit } from './visit.js'

const MINUTE = 60_000

const suite = await startSuite(t)
const browser = await startBrowser(t)
const at = (hash: string) => ({ browser, url: `${suite.url}/${hash}` })

const UNTIL_A_SECOND_OLD = `(async () => {
  const age = async () => Number((await fetch('/api/products/7')).headers.get('age'))
  while (await age() < 1) await new Promise((resolve) => { setTimeout(resolve, 100) })
})()`

t.test(
  'Welcome: the first screen explains, sends bounded traffic, and makes room for figures',
  async (t) => {
    await visit(t, at('#/'), async (page) => {
      await page.getByRole('heading', { name: 'Welcome to Weir' }).waitFor()
      await page.getByText('A response is computed once and served by every instance.').waitFor()
      const fleet = page.getByRole('region', { name: 'The fleet, live' })
      await fleet.getByText('No requests in the last second. 4 of 4 instances are up.').waitFor()
      await fleet.getByText('At most 300 GET requests in 20 seconds from this browser').waitFor()

      await fleet.getByRole('button', { name: 'Send demo traffic' }).press('Enter')
      await fleet
        .getByText(/^Last second: [1-9]\d* requests\/s\. .* 4 of 4 instances are up\.$/)
        .waitFor()
      await fleet.locator('.fleet-instance[data-lit="true"]').first().waitFor()
      await page.getByRole('heading', { name: 'Overview' }).waitFor()
      await page.locator('.headline').filter({ hasText: 'Hit ratio' }).getByText(/%$/).waitFor()
      const stop = fleet.getByRole('button', { name: 'Stop' })
      t.equal(
        await page.evaluate('document.activeElement?.textContent'),
        'Stop',
        'the focus stays on the button'
      )
      await stop.press('Enter')
      const done = fleet.getByText(/^Done: \d+ requests sent\.$/)
      const sent = Number(/\d+/.exec(await done.innerText())?.[0])
      t.ok(sent > 0 && sent < 300, `${sent} requests`)
    })
  }
)

t.test('Welcome: share, write and kill', async (t) => {
  await visit(t, at('#/welcome'), async (page) => {
    const trial = (name: string) =>
      page.getByRole('listitem').filter({ has: page.getByRole('heading', { name }) })
    await trial('1. Share').getByRole('button', { name: 'Read a list' }).click()
    await trial('1. Share')
      .getByText(
        /^catalog-\d computed the response, catalog-\d served it without computing it again\.$/
      )
      .waitFor()

    await trial('2. Write').getByText('Writing needs the role editor. You are anonymous.').waitFor()
    await become(page, 'editor')
    await trial('2. Write').getByRole('button', { name: 'Change a price' }).click()
    await trial('2. Write').getByText(/^Acknowledged as version 2 after/).waitFor()
    t.strictSame(await trial('2. Write').getByText(/served version/).locator('b').count(), 2)
    t.strictSame(
      await trial('2. Write')
        .getByText(/served version (?!2)/)
        .count(),
      0,
      'no read is of the old version'
    )

    const command = await trial('3. Kill').getByText(/^kill -9 \d+$/).innerText()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await trial('3. Kill').getByRole('button', { name: 'Copy command' }).click()
    await trial('3. Kill').getByRole('button', { name: 'Copied' }).waitFor()
    t.equal(await page.evaluate('navigator.clipboard.readText()'), command)
  })
})

t.test(
  'Login link: works once, leaves no trace in the address, and ends with the logout',
  async (t) => {
    const link = { browser, url: `${suite.url}/#login=${suite.loginCode}` }
    await visit(t, link, async (page) => {
      await page.getByRole('status').getByText('Logged in as demo-admin (admin)').waitFor()
      t.equal(page.url(), `${suite.url}/#/`)
      await page.getByRole('button', { name: 'Dismiss' }).click()
      await page.getByRole('link', { name: 'Welcome' }).click()
      await page.getByRole('button', { name: 'Change a price' }).click()
      await page.getByText(/^Acknowledged as version \d+ after/).waitFor()

      await page.reload()
      await page.getByRole('button', { name: 'Identity: demo-admin (admin)' }).click()
      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByRole('button', { name: 'Done' }).click()
      await page.getByRole('button', { name: 'Identity: anonymous' }).waitFor()
      t.notMatch(await page.evaluate('JSON.stringify(sessionStorage)'), /eyJ/, 'no token is left')
    })
    await visit(t, { ...link, complaint: /status of 410/ }, async (page) => {
      await page.getByRole('alert').getByText('Not logged in').waitFor()
      await page.getByText(/^This login link has been used: it works once\./).waitFor()
      await page.getByRole('button', { name: 'Identity: anonymous' }).waitFor()
      t.equal(page.url(), `${suite.url}/#/`)
    })
  }
)

t.test("Try it: the cache's decision about a request, in words", async (t) => {
  await visit(t, at('#/try?path=/api/products/7'), async (page) => {
    await page.getByRole('button', { name: 'Send as anonymous' }).click()
    const request = (number: number) =>
      page.getByRole('listitem', { name: `Request ${number}`, exact: true })
    const repeat = (number: number, how: string) =>
      request(number).getByRole('button', { name: how }).click()
    const miss = request(1)
    await miss
      .getByText(
        /^catalog-\d had no response .* The handler ran, and the response is stored for all instances\. It is fresh for /
      )
      .waitFor()
    await miss.getByText('computed', { exact: true }).waitFor()
    await miss.getByText('Headers and body').click()
    await miss.getByLabel('Body').getByText('"id": 7').waitFor()

    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const copied = async (what: string) => {
      await miss.getByRole('button', { name: `Copy ${what}` }).click()
      await miss.getByRole('button', { name: 'Copied' }).waitFor()
      await miss.getByRole('button', { name: `Copy ${what}` }).waitFor()
      return page.evaluate<string>('navigator.clipboard.readText()')
    }
    t.equal(await copied('curl'), `curl -i '${suite.url}/api/products/7'`)
    t.equal(await copied('tags'), 'catalog\nproduct:7')
    t.match(await copied('ETag'), /^"7-\d+"$/)

    await repeat(1, 'Refetch')
    await request(2)
      .getByText(
        /^catalog-\d answered from (?:its memory|the store that all instances share)\. It stays fresh for /
      )
      .waitFor()
    await repeat(2, 'With If-None-Match')
    await request(3).getByText('304', { exact: true }).waitFor()
    await request(3).getByText(/The client has the current version, so no body was sent\./).waitFor()
    // The application renews a response for its clients at most once a second.
    await page.evaluate(UNTIL_A_SECOND_OLD)
    await repeat(2, 'Bypass')
    await request(4).getByText(/but the request asked for a new one\. The handler ran/).waitFor()
    await repeat(2, 'As another user: alice')
    await request(5).getByText('as alice').waitFor()
    await request(5).getByText(/answered from (?:its memory|the store)/).waitFor()
    t.equal(await page.getByRole('listitem', { name: /^Request / }).count(), 5)
  })
})

t.test('Try it: forbidden and missing paths', async (t) => {
  await visit(t, { ...at('#/try'), complaint: /status of 404/ }, async (page) => {
    await page.getByLabel('Path').fill('https://elsewhere.example/')
    await page.getByRole('button', { name: 'Send as anonymous' }).click()
    await page.getByText('No service announces').waitFor()
    await page.getByLabel('Path').fill('/api/products/999999')
    await page.getByRole('button', { name: 'Send as anonymous' }).click()
    await page
      .getByRole('listitem', { name: 'Request 1' })
      .getByText('404', { exact: true })
      .waitFor()
  })
})

t.test('Compare: the same page from three places', async (t) => {
  await visit(t, at('#/compare'), async (page) => {
    await page.getByRole('button', { name: 'Measure' }).click()
    await page.getByText(/^From the store it takes .* times as fast as computing it\.$/).waitFor()
    const table = page.getByRole('table', { name: 'Latency by source' })
    t.strictSame(await table.getByRole('rowheader').allInnerTexts(), [
      'Computed by the handler',
      'From the store',
      'From memory'
    ])
    t.match(await table.getByRole('row').last().innerText(), /\d ms/)
  })
})

t.test('Shop: a save appears in the open list of another browser', async (t) => {
  await visit(t, at('#/shop'), async (reader) => {
    const first = reader.getByRole('table', { name: 'Products' }).getByRole('row').nth(1)
    await first.waitFor()
    await reader.evaluate('window.isStillTheSame = true')
    await visit(t, at('#/shop'), async (editor) => {
      await become(editor, 'editor')
      await editor
        .getByRole('table', { name: 'Products' })
        .getByRole('row')
        .nth(1)
        .getByRole('link')
        .click()
      await editor.getByLabel('Name').fill('Kettle that everybody sees')
      await editor.getByLabel('Price in euro').fill('77.50')
      await editor.getByRole('button', { name: 'Save' }).click()
      await editor.getByText('Saved as version 2').waitFor()
    })
    await first.getByText('Kettle that everybody sees').waitFor()
    await first.getByText('€77.50').waitFor()
    await first.getByText('changed just now').waitFor()
    t.equal(await reader.evaluate('window.isStillTheSame'), true, 'it was not loaded again')
  })
})

t.test('Shop: a denied save explains the missing role, and keeps the input', async (t) => {
  await visit(t, { ...at('#/shop/3'), complaint: /status of 401/ }, async (page) => {
    await page.getByText('Saving needs the role editor. You are anonymous.').waitFor()
    await page.getByLabel('In stock').fill('12')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').getByText('Not saved').waitFor()
    t.equal(await page.getByLabel('In stock').inputValue(), '12')
    await page.getByLabel('In stock').fill('a dozen')
    await page.getByText('Not a number of items: use a whole number.').waitFor()
    t.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true)
  })
})

t.test('Weather: a city, and whether the data was fresh', async (t) => {
  await visit(t, at('#/weather?city=Oslo'), async (page) => {
    const now = (city: string) => page.getByRole('region', { name: `${city} now` })
    await now('Oslo').getByText(/^−?\d+\.\d °C$/).first().waitFor()
    await now('Oslo').getByText('computed', { exact: true }).waitFor()
    await page
      .getByRole('figure', { name: 'Temperature by hour, three days' })
      .getByRole('img', { name: /°C/ })
      .waitFor()

    await page.getByLabel('City').fill('Tokyo')
    await page.getByRole('button', { name: 'Show' }).click()
    await now('Tokyo').getByText(/^−?\d+\.\d °C$/).first().waitFor()
    const times = (name: RegExp) =>
      page
        .getByRole('figure', { name: 'Response time of each request from this browser' })
        .getByRole('img', { name })
        .waitFor()
    await now('Tokyo').getByRole('button', { name: 'Refetch', exact: true }).click()
    await times(/fresh, from the cache: [\d.]+ ms.* stale: nothing/)
    await suite.weather.upstreamHas({ kind: 'drop' })
    await suite.weather.advance(15 * MINUTE)
    await now('Tokyo').getByRole('button', { name: 'Refetch', exact: true }).click()
    await now('Tokyo').getByText('stale', { exact: true }).waitFor()
    await times(/stale: [\d.]+ ms/)
    await suite.weather.upstreamHas()
  })
})

t.test('Invalidate: an admin sees the effect of an invalidation', async (t) => {
  await visit(t, at('#/invalidate'), async (page) => {
    await become(page, 'admin')
    await page.getByLabel('Tags').fill('products\ncategories')
    await page.getByRole('button', { name: 'Invalidate', exact: true }).click()
    await page.getByText('2 tags invalidated').waitFor()
    await page
      .getByText(/^catalog-\d answered after .* No instance serves the invalidated responses\.$/)
      .waitFor()
    await page
      .getByRole('table', { name: 'Invalidations, newest first' })
      .getByText('products, categories')
      .waitFor()

    await page.getByLabel('By URL').check()
    await page.getByLabel('URLs').fill('/api/products/7')
    await page.getByRole('button', { name: 'Invalidate', exact: true }).click()
    await page.getByText('1 tag invalidated').waitFor()

    await page.getByLabel('Everything').check()
    const all = () => page.getByRole('button', { name: 'Invalidate all of catalog…' }).click()
    await all()
    await page.getByRole('button', { name: 'Cancel' }).click()
    t.equal(await page.getByText('1 tag invalidated').count(), 1, 'nothing has been done')
    await all()
    await page.getByRole('button', { name: 'Invalidate everything' }).click()
    await page.getByText('Everything invalidated').waitFor()
  })
})

t.test('Invalidate: other users see which role is missing', async (t) => {
  const refused = async (page: Page, t: Test, detail: RegExp) => {
    await page.getByLabel('Tags').fill('products')
    await page.getByRole('button', { name: 'Invalidate', exact: true }).click()
    const alert = page.getByRole('alert')
    await alert.getByText('Nothing was invalidated').waitFor()
    t.match(await alert.innerText(), detail)
  }
  await visit(t, { ...at('#/invalidate'), complaint: /status of 40[13]/ }, async (page) => {
    await refused(page, t, /admin/)
    await become(page, 'reader')
    await refused(page, t, /admin.*reader|reader.*admin/)
  })
})

t.test('Keys: find an entry by its tag, look into it, invalidate it', async (t) => {
  for (const id of [1, 2, 3]) await fetch(`${suite.url}/api/products/${id}`)
  await visit(t, { ...at('#/keys'), complaint: /status of 401/ }, async (page) => {
    await become(page, 'admin')
    const table = page.getByRole('table', { name: 'Keys of responses' })
    await table.waitFor()
    await page.getByLabel('Tag', { exact: true }).fill('product:2')
    await page.getByRole('button', { name: 'Apply' }).click()
    const row = table.getByRole('row').filter({ hasText: 'products/2' })
    await row.filter({ hasText: 'fresh' }).filter({ hasText: 'product:2' }).waitFor()
    t.match(page.url(), 'tag=product%3A2')
    await row.getByRole('link', { name: '/api/products/2' }).click()
    const entry = page.getByRole('region', { name: '/api/products/2' })
    await entry.getByText('Response, status 200').click()
    await entry.getByText('content-type', { exact: true }).waitFor()
    await looksWell(t, page, 'Keys')
    t.match(page.url(), 'key=', 'a link to it can be shared')
    await entry.getByRole('button', { name: 'Invalidate this entry…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Invalidate', exact: true }).click()
    await entry.getByText('1 entry invalidated').waitFor()
    const after = await fetch(`${suite.url}/api/products/2`)
    t.match(after.headers.get('cache-status'), 'fwd=')
    await entry.getByRole('link', { name: 'Close' }).click()
    await entry.waitFor({ state: 'detached' })
    t.match(page.url(), 'tag=product%3A2')
  })
})
