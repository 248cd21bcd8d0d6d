import { type Page } from 'playwright-core'

/** A screenshot of a page. */
export interface Shot {
  /** Name of its file. */
  readonly name: string
  /** Address of the page: a hash of the console, or a path of the shop. */
  readonly path: string
  /** Brings the page into the state to show. A pasted token stays in use for later shots. */
  readonly prepare: (page: Page, token: string) => Promise<unknown>
  /** The figures need a quiet suite: other traffic has ended by then. */
  readonly isMeasured?: boolean
}

const table = (page: Page, name: string) => page.getByRole('table', { name }).waitFor()
const press = (page: Page, name: string) =>
  page.getByRole('button', { name, exact: true }).first().click()

async function become (page: Page, token: string): Promise<void> {
  await page.getByRole('button', { name: /^Identity: / }).click()
  await page.getByLabel('Paste a token').fill(token)
  await press(page, 'Use this token')
  await press(page, 'Done')
}

/** All screenshots in the order they are taken. */
export const SHOTS: readonly Shot[] = [
  {
    name: 'overview',
    path: '#/',
    prepare: (page) => table(page, 'Requests by outcome')
  },
  {
    name: 'welcome',
    path: '#/welcome',
    prepare: async (page) => {
      await press(page, 'Send demo traffic')
      await page.getByText(/^Last second: [1-9]/).waitFor()
      await press(page, 'Read a list')
      await page.getByText(/^catalog-\d computed the response|^All were hits/).waitFor()
    }
  },
  { name: 'routes', path: '#/routes', prepare: (page) => table(page, 'Routes') },
  {
    name: 'route',
    path: `#/routes/${encodeURIComponent('GET /api/products/:id')}?service=catalog`,
    prepare: async (page) => {
      await table(page, 'Requests and latency by outcome')
      await page.getByRole('img', { name: /^memory or store: / }).waitFor()
    }
  },
  {
    name: 'events',
    path: '#/events',
    prepare: (page) => page.getByRole('list', { name: 'Events, newest first' }).waitFor()
  },
  {
    name: 'instances',
    path: '#/instances',
    prepare: (page) => table(page, 'Hits by serving and by filling instance')
  },
  {
    name: 'try',
    path: '#/try?path=/api/products?category=cookware%26sort=price',
    prepare: async (page) => {
      await press(page, 'Send as anonymous')
      for (const [number, how] of ['Refetch', 'With If-None-Match'].entries()) {
        await page
          .getByRole('listitem', { name: `Request ${number + 1}` })
          .getByRole('button', { name: how })
          .click()
      }
      await page.getByText('no body was sent').first().waitFor()
    }
  },
  { name: 'shop', path: '#/shop', prepare: (page) => table(page, 'Products') },
  {
    name: 'product',
    path: '#/shop/17',
    prepare: async (page, token) => {
      await become(page, token)
      const price = page.getByLabel('Price in euro')
      await price.fill((Number(await price.inputValue()) - 0.5).toFixed(2))
      await press(page, 'Save')
      await page.getByText(/^Saved as version/).waitFor()
    }
  },
  {
    name: 'limits',
    path: '#/limits',
    prepare: async (page, token) => {
      const anonymous = page.getByRole('button', { name: 'Identity: anonymous' })
      if (await anonymous.isVisible()) await become(page, token)
      await table(page, 'Rate-limited clients')
    }
  },
  {
    name: 'invalidate',
    path: '#/invalidate',
    prepare: async (page) => {
      await page.getByLabel('Tags').fill('product:17\ncategory:cookware')
      await press(page, 'Invalidate')
      await page.getByText('2 tags invalidated').waitFor()
      await page.getByRole('table').getByText('product:17, category:cookware').waitFor()
    }
  },
  {
    name: 'keys',
    path: '#/keys',
    prepare: (page) => table(page, 'Keys of responses')
  },
  {
    name: 'weather',
    path: '#/weather?city=Oslo',
    prepare: (page) => page.getByRole('img', { name: /^temperature: / }).waitFor()
  },
  {
    name: 'compare',
    path: '#/compare',
    isMeasured: true,
    prepare: async (page) => {
      await press(page, 'Run the load')
      await table(page, 'Throughput and latency, by way')
      await press(page, 'Measure')
      await table(page, 'Latency by source')
    }
  },
  // Comes last: leaves the console, whose charts continue only while it is open.
  {
    name: 'storefront',
    path: 'shop',
    prepare: (page) => page.locator('.tile').first().waitFor()
  },
  {
    name: 'storefront-product',
    path: 'shop/products/17',
    prepare: (page) => page.getByRole('heading', { name: 'You may also like' }).waitFor()
  },
  {
    name: 'storefront-panel',
    path: 'shop/products/17?debug=cache',
    prepare: (page) =>
      page.getByRole('heading', { name: 'What this page is made of' }).scrollIntoViewIfNeeded()
  }
]
