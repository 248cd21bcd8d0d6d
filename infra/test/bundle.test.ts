import t from 'tap'
import { bundleSuite } from '../local/bundle.js'
import { suite } from '../local/suite.js'
import { Supervisor } from '../local/supervisor.js'
import { startSimulator } from '../upstream/simulator.js'

await bundleSuite()
const simulator = await startSimulator()
t.teardown(() => simulator.close())
const { REDIS_URL: _, JWT_SECRET: __, ...inherited } = process.env
const upstream = Promise.resolve({ kind: 'open-meteo', note: 'simulated for a test' } as const)
const services = suite(upstream, 'bundle').map((service) => ({
  ...service,
  basePort: 0,
  env: { ...service.env, FORECAST_ORIGIN: simulator.url, GEOCODING_ORIGIN: simulator.url }
}))
const said: string[] = []
const supervisor = new Supervisor(
  services,
  { ...inherited, PORT: '0', DATA_DIR: t.testdir() },
  (line) => {
    said.push(line)
  }
)
t.teardown(() => supervisor.stop())
const url = await supervisor.start()
const banner = said.join('\n')

/** The text after a label in the banner. */
const told = (label: string): string => new RegExp(`${label}[ =]+(\\S+)`).exec(banner)?.[1] ?? ''

t.test(
  'the bundled suite responds like the compiled one: APIs, the console, the shop, API docs, weather',
  async (t) => {
    t.match(banner, 'simulated for a test')
    t.notMatch(banner, 'upstream-1', 'a service that is not needed does not run')
    t.equal(told('shop'), `${url}/shop`)
    for (const [path, type] of [
      [`${url}/api/products/1`, 'application/json'],
      [`${url}/api/weather/forecast?city=Oslo`, 'application/json'],
      [`${url}/`, 'text/html'],
      [`${url}/main.js`, 'javascript'],
      [`${url}/shop`, 'text/html'],
      // The lab's worker thread is a file beside the bundle.
      [`${url}/shop/lab/run/uncached?work=query`, 'application/json'],
      [`${told('storefront-2')}/docs/static/index.html`, 'text/html'],
      [`${told('catalog-1')}/docs/static/index.html`, 'text/html']
    ] as const) {
      const response = await fetch(path)
      await response.arrayBuffer()
      t.match(
        { status: response.status, type: response.headers.get('content-type') },
        { status: 200, type: new RegExp(type) },
        path
      )
    }
  }
)

/** A page of the shop from each of its instances. */
const pages = (path: string): Promise<string[]> =>
  Promise.all(
    ['storefront-1', 'storefront-2'].map(async (name) => {
      const response = await fetch(`${told(name)}${path}`)
      return `${response.status} ${await response.text()}`
    })
  )

t.test(
  'the shop shows data of the catalog and the weather service, and a write in the catalog at once',
  async (t) => {
    const text = await (await fetch(`${url}/shop/products/1`)).text()
    t.match(text, 'Weather in Berlin')
    const style = /href="(\/shop\/assets\/[^"]+\.css)"/.exec(text)?.[1] ?? 'no style'
    t.equal((await fetch(url + style)).status, 200, style)

    for (const price of [123401, 123402, 123403]) {
      const written = await fetch(`${url}/api/products/1`, {
        method: 'PATCH',
        headers: {
          authorization: `Bearer ${told('EDITOR_TOKEN')}`,
          'content-type': 'application/json'
        },
        body: JSON.stringify({ price })
      })
      t.equal(written.status, 200)
      for (const page of await pages('/shop/products/1')) t.match(page, `€1,234.0${price % 10}`)
    }
  }
)

t.test(
  'the front door forwards cookies, forms and redirects of the shop unchanged',
  async (t) => {
    const send = (
      path: string,
      form: Record<string, string>,
      headers: Record<string, string>
    ): Promise<Response> =>
      fetch(url + path, {
        method: 'POST',
        redirect: 'manual',
        headers,
        body: new URLSearchParams(form)
      })
    const signIn = (headers: Record<string, string>) =>
      send('/shop/account/demo', { role: 'editor' }, headers)

    t.equal((await signIn({ origin: 'http://evil.example' })).status, 403)
    t.equal((await signIn({ origin: url, 'sec-fetch-site': 'cross-site' })).status, 403)
    const signedIn = await signIn({ origin: url })
    t.match([signedIn.status, signedIn.headers.get('location')], [303, '/shop'])
    const setCookie = signedIn.headers.get('set-cookie') ?? ''
    t.match(setCookie, /^weir_shop=[^;]+; Max-Age=\d+; Path=\/shop; HttpOnly; SameSite=Strict$/)
    const cookie = setCookie.replace(/;.*/, '')

    const form = async (): Promise<Record<string, string>> => {
      const text = await (
        await fetch(`${url}/shop/products/2/edit`, { headers: { cookie } })
      ).text()
      const value = (name: string) =>
        new RegExp(`name="${name}"[^>]* value="([^"]*)"`)
          .exec(text)?.[1]
          ?.replaceAll('&quot;', '"') ?? ''
      const [, categoryId = ''] = /<option value="(\d+)" selected>/.exec(text) ?? []
      return {
        ...Object.fromEntries(
          ['etag', 'name', 'sku', 'price', 'stock'].map((name) => [name, value(name)])
        ),
        categoryId,
        description: 'Größer & "schöner"\r\nals zuvor'
      }
    }
    const first = await form()
    t.match(first, { etag: /^"/, name: /./, sku: /./ })
    const save = (fields: Record<string, string>) =>
      send('/shop/products/2/edit', fields, { cookie, 'sec-fetch-site': 'same-origin' })
    const saved = await save({ ...first, price: '98.76' })
    t.match([saved.status, saved.headers.get('location')], [303, '/shop/products/2'])
    t.match(await (await fetch(`${url}/api/products/2`)).json(), {
      price: 9876,
      description: 'Größer & "schöner"\nals zuvor'
    })
    for (const page of await pages('/shop/products/2')) t.match(page, '€98.76')
    t.equal(
      (await save({ ...first, price: '1.00' })).status,
      412,
      'the version of the form is not there any more'
    )
  }
)
