// npm run screenshots [NAME …] Starts the suite, has clients use it, and writes pictures of the
// console and the shop to docs/console: each page, or those named, wide and narrow, light and dark.
import { mkdir } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Page } from 'playwright-core'
import { startChild } from '../../bench/children/start.js'
import { demoTokens, newSecret } from '../../local/demo-tokens.js'
import { suite } from '../../local/suite.js'
import { Supervisor } from '../../local/supervisor.js'
import { startSimulator } from '../../upstream/simulator.js'
import { launchChromium } from '../chromium.js'
import { type Shot, SHOTS } from './shots.js'
import { traffic } from './traffic.js'

const FOLDER = fileURLToPath(new URL('../../../../docs/console/', import.meta.url))
const SIZE = { width: 1280, height: 800 }
const NARROW = { width: 390, height: 844 }
/** Time for the charts to fill. */
const WATCHED_MS = 60_000
/** Simulated latency of Open-Meteo. */
const UPSTREAM_MS = 140

// Instances and Redis notice the end of this process and end themselves.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(130))
}

const keeper = await startChild('keeper')
const simulator = await startSimulator()
simulator.faults.add({ kind: 'latency', ms: UPSTREAM_MS })
const secret = newSecret()
const tokens = await demoTokens(secret)
const supervisor = new Supervisor(
  suite(Promise.resolve({ kind: 'open-meteo', note: 'simulated' })).map((service) => ({
    ...service,
    basePort: 0,
    env: { ...service.env, FORECAST_ORIGIN: simulator.url, GEOCODING_ORIGIN: simulator.url }
  })),
  {
    ...process.env,
    PORT: '0',
    DATA_DIR: String(keeper.ready['dir']),
    REDIS_URL: String(keeper.ready['redis']),
    JWT_SECRET: secret
  },
  () => {}
)
try {
  await take(await supervisor.start())
} finally {
  await supervisor.stop()
  await simulator.close()
  await keeper.end()
}

async function take (url: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  const browser = await launchChromium()
  const page = await browser.newPage({
    viewport: SIZE,
    reducedMotion: 'reduce',
    colorScheme: 'dark'
  })
  const ended = new AbortController()
  try {
    // The page's charts begin when it is opened, and continue while other pages are shown.
    await page.goto(`${url}/#/weather?city=Oslo`)
    await page.getByRole('button', { name: 'Refetch every second' }).click()
    const used = traffic(url, { editor: tokens.editor, greedy: await alice(url) }, ended.signal)
    await Promise.race([setTimeout(WATCHED_MS), used])
    const names = process.argv.slice(2)
    for (const shot of SHOTS.filter(({ name }) => names.length === 0 || names.includes(name))) {
      if (shot.isMeasured === true) {
        ended.abort()
        await used
      }
      await shoot(page, url, shot)
    }
  } finally {
    ended.abort()
    await browser.close()
  }
}

async function shoot (
  page: Page,
  url: string,
  { name, path, prepare }: Shot
): Promise<void> {
  await page.goto(`${url}/${path}`)
  await prepare(page, tokens.admin)
  // No element may look hovered.
  await page.mouse.move(0, 0)
  for (const size of [NARROW, SIZE]) {
    await page.setViewportSize(size)
    for (const colorScheme of ['light', 'dark'] as const) {
      await show(page, colorScheme)
      await page.screenshot({
        path: `${FOLDER}${name}${size === NARROW ? '-narrow' : ''}-${colorScheme}.png`
      })
    }
  }
  console.log(name)
}

/**
 * Switches the color scheme. Charts are redrawn on a new canvas, which is visible a frame later.
 */
async function show (page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.evaluate(
    'for (const canvas of document.querySelectorAll("canvas")) canvas.dataset.before = ""'
  )
  await page.emulateMedia({ colorScheme })
  await page.locator('canvas[data-before]').first().waitFor({ state: 'detached' })
  await page.evaluate(
    'new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))'
  )
}

async function alice (url: string): Promise<string> {
  const { users } = (await (await fetch(`${url}/api/stats/demo-users`)).json()) as {
    users: { id: string; token: string }[]
  }
  return users.find(({ id }) => id === 'alice')?.token ?? ''
}
