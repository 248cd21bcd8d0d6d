import axe from 'axe-core'
import { type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startSuite } from './suite.js'
import { startBrowser, visit } from './visit.js'

const NARROW = 360
const WIDE = 1280

/** Each page with the element that shows that it is complete; pages with an action, after it. */
const PAGES: readonly {
  readonly hash: string
  readonly name: string
  readonly prepare: (page: Page) => Promise<void>
}[] = [
  {
    hash: '#/',
    name: 'Overview',
    prepare: (page) =>
      page
        .getByRole('img', { name: /^memory: / })
        .first()
        .waitFor()
  },
  {
    hash: '#/welcome',
    name: 'Welcome',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Send demo traffic' }).click()
      await page.getByText(/^Last second: [1-9]/).waitFor()
      await page.getByRole('button', { name: 'Stop' }).click()
      await page.getByRole('button', { name: 'Read a list' }).click()
      await page.getByText(/^catalog-\d computed the response|^All were hits/).waitFor()
    }
  },
  {
    hash: '#/?range=24h',
    name: 'Overview of a day',
    prepare: (page) => page.getByRole('img', { name: /^memory or store: / }).waitFor()
  },
  {
    hash: '#/routes',
    name: 'Routes',
    prepare: (page) => page.getByRole('table', { name: 'Routes' }).waitFor()
  },
  {
    hash: '#/routes/GET%20%2Fapi%2Fproducts?service=catalog',
    name: 'One route',
    prepare: async (page) => {
      await page.getByRole('img', { name: /^memory or store: / }).waitFor()
      await page.getByText("app.get('/api/products'").waitFor()
    }
  },
  {
    hash: '#/events',
    name: 'Events',
    prepare: (page) => page.getByRole('list', { name: 'Events, newest first' }).waitFor()
  },
  {
    hash: '#/advice',
    name: 'Advice',
    prepare: (page) => page.getByRole('table', { name: 'Advice' }).waitFor()
  },
  {
    hash: '#/instances',
    name: 'Instances',
    prepare: (page) =>
      page.getByRole('table', { name: 'Hits by serving and by filling instance' }).waitFor()
  },
  {
    hash: '#/keys',
    name: 'Keys',
    prepare: (page) => page.getByText('Keys: not allowed').waitFor()
  },
  {
    hash: '#/limits',
    name: 'Limits',
    prepare: (page) => page.getByText('Rate-limited clients: not allowed').waitFor()
  },
  {
    hash: '#/try',
    name: 'Try it',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Send as anonymous' }).click()
      await page.getByText('Headers and body').click()
      await page.getByLabel('Body').waitFor()
    }
  },
  {
    hash: '#/compare',
    name: 'Compare',
    prepare: async (page) => {
      await page.getByLabel('Samples').fill('5')
      await page.getByRole('button', { name: 'Measure' }).click()
      await page.getByRole('table', { name: 'Latency by source' }).waitFor()
    }
  },
  {
    hash: '#/shop',
    name: 'Shop',
    prepare: (page) => page.getByRole('table', { name: 'Products' }).waitFor()
  },
  {
    hash: '#/shop/1',
    name: 'Product',
    prepare: (page) => page.getByRole('button', { name: 'Save' }).waitFor()
  },
  {
    hash: '#/weather',
    name: 'Weather',
    prepare: (page) => page.getByRole('img', { name: /^temperature: / }).waitFor()
  },
  {
    hash: '#/invalidate',
    name: 'Invalidate',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Invalidate', exact: true }).click()
      await page.getByText('Enter at least one').waitFor()
    }
  },
  {
    hash: '#/routes?range=1h',
    name: 'Identity',
    prepare: async (page) => {
      await page.getByRole('button', { name: /^Identity: / }).click()
      await page.getByRole('radio', { name: 'alice' }).waitFor()
    }
  },
  {
    hash: '#/nowhere',
    name: 'No such page',
    prepare: (page) => page.getByRole('heading', { name: 'No such page' }).waitFor()
  }
]

const suite = await startSuite(t)
const browser = await startBrowser(t)

t.before(() => suite.use())

/** Accessibility findings of axe, as text. */
async function findings (page: Page): Promise<string[]> {
  const { violations } = await page.evaluate<axe.AxeResults>(
    'axe.run(document, { resultTypes: ["violations"] })'
  )
  return violations.flatMap(({ id, impact, help, nodes }) =>
    nodes.map(({ html }) => `${impact}: ${id}: ${help}: ${html}`))
}

async function looksWell (t: Test, page: Page, name: string): Promise<void> {
  for (const width of [WIDE, NARROW]) {
    await page.setViewportSize({ width, height: 800 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      t.strictSame(await findings(page), [], `${name}, ${width}, ${colorScheme}`)
    }
    if (width === NARROW && name === 'Overview') {
      const [table, place] = await page.evaluate<[number, number]>(
        '(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])(document.querySelector(".scroll:has(.outcomes)"))'
      )
      t.ok(table <= place, `the table of outcomes needs ${table} px of ${place}`)
    }
    const needed = await page.evaluate<number>('document.documentElement.scrollWidth')
    t.ok(needed <= width, `${name}: ${needed} px of ${width}`)
  }
}

t.test('accessible in light and dark, wide and narrow', async (t) => {
  await visit(t, { browser, url: suite.url, complaint: /status of 401/ }, async (page) => {
    await page.evaluate(`${axe.source}; undefined`)
    for (const { hash, name, prepare } of PAGES) {
      await page.setViewportSize({ width: WIDE, height: 800 })
      await page.goto(`${suite.url}/${hash}`)
      await prepare(page)
      await looksWell(t, page, name)
    }
  })
})

const focused = (page: Page) =>
  page.evaluate<string>(
    '(document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "").trim()'
  )

t.test(
  'keyboard: skip the navigation, change pages, sort a table by another column',
  async (t) => {
    await visit(t, { browser, url: `${suite.url}/` }, async (page) => {
      const tab = async () => {
        await page.keyboard.press('Tab')
        return focused(page)
      }
      t.equal(await tab(), 'Skip to the page')
      await page.keyboard.press('Enter')
      t.equal(await focused(page), 'Overview', 'what comes next is the page')
      t.equal(await tab(), '15 minutes')

      await page.reload()
      const order = []
      for (let i = 0; i < 22; i++) order.push(await tab())
      t.match(order, [
        'Skip to the page',
        'Weir',
        /^Identity: anonymous$/,
        /Theme: Auto$/,
        'Overview',
        'Welcome',
        'Routes',
        'Instances',
        'Keys',
        'Journal',
        'Limits',
        'Edge',
        'Events',
        'Advice',
        'Try it',
        'Compare',
        'Invalidate',
        'Shop',
        'Weather',
        /^API docs/,
        /^Documentation/,
        /^Source/
      ])
      await page.getByRole('link', { name: 'Routes' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('table', { name: 'Routes' }).waitFor()
      t.equal(await focused(page), 'Routes')
      t.strictSame(
        [await tab(), await tab(), await tab(), await tab()],
        ['15 minutes', '1 hour', '24 hours', '30 days']
      )
      t.strictSame([await tab(), await tab(), await tab()], ['Earlier', 'Zoom out', 'Zoom in'])
      t.strictSame(
        [await tab(), await tab(), await tab(), await tab()],
        ['Routes', 'Route', 'Service', 'Requests']
      )
      const heading = page.getByRole('columnheader', { name: 'Requests' })
      t.equal(await heading.getAttribute('aria-sort'), 'descending')
      await page.keyboard.press('Enter')
      await page.locator('th[aria-sort="ascending"]').getByRole('button', { name: 'Requests' }).waitFor()
      const counts = (
        await page
          .getByRole('table', { name: 'Routes' })
          .locator('tbody tr td:nth-child(3)')
          .allInnerTexts()
      ).map(Number)
      t.strictSame(
        counts,
        counts.toSorted((a, b) => a - b)
      )
    })
  }
)

t.test(
  'terms are defined on hover, on focus and on tap, and Escape hides the definition',
  async (t) => {
    await visit(
      t,
      { browser, url: `${suite.url}/`, viewport: { width: NARROW, height: 800 }, hasTouch: true },
      async (page) => {
        const term = page.getByRole('button', { name: 'Hit ratio', exact: true })
        const tip = page.locator('.tip')
        t.match(
          await page.evaluate('document.getElementById("term-hitRatio").textContent'),
          /^Requests answered from the cache, /
        )
        t.equal(await term.getAttribute('aria-describedby'), 'term-hitRatio')
        for (const open of [() => term.hover(), () => term.focus(), () => term.tap()]) {
          await open()
          await tip.getByText(/^Requests answered from the cache, /).waitFor()
          const box = await tip.boundingBox()
          t.ok(box !== null && box.x >= 0 && box.x + box.width <= NARROW, 'within the window')
          await page.keyboard.press('Escape')
          await tip.waitFor({ state: 'detached' })
          await page.mouse.move(0, 0)
          await term.blur()
        }
      }
    )
  }
)

t.test('narrow, keyboard: the menu, and a dialog that restores the focus', async (t) => {
  await visit(
    t,
    { browser, url: `${suite.url}/`, viewport: { width: NARROW, height: 800 } },
    async (page) => {
      const menu = page.getByRole('button', { name: 'Menu' })
      await menu.press('Enter')
      t.equal(await menu.getAttribute('aria-expanded'), 'true')
      await page.getByRole('link', { name: 'Shop' }).press('Enter')
      await page.getByRole('heading', { name: 'Shop' }).waitFor()
      t.equal(await menu.getAttribute('aria-expanded'), 'false')
      await page.getByRole('button', { name: 'anonymous' }).press('Enter')
      await page.getByRole('dialog', { name: 'Identity' }).waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('dialog', { name: 'Identity' }).waitFor({ state: 'hidden' })
      t.match(await focused(page), 'anonymous')
    }
  )
})

t.test('old figures are readable, too', async (t) => {
  await visit(
    t,
    { browser, url: suite.url, complaint: /^Failed to load resource: / },
    async (page) => {
      await page.getByText('Live', { exact: true }).waitFor()
      await page
        .getByRole('img', { name: /^memory: / })
        .first()
        .waitFor()
      await suite.stats.kill()
      await page.getByText(/^Disconnected for .*, trying again$/).waitFor()
      await page.evaluate(`${axe.source}; undefined`)
      await looksWell(t, page, 'Disconnected')
    }
  )
})
