import { type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { type Test } from 'tap'
import { launchChromium } from '#infra/tools/chromium.js'

/** A real Chromium, which ends with the test. */
export async function startBrowser (t: Test): Promise<Browser> {
  const browser = await launchChromium()
  t.teardown(() => browser.close())
  return browser
}

export interface Visit extends BrowserContextOptions {
  readonly browser: Browser
  /** The page of the console is part of the URL. */
  readonly url: string
  /** The complaint that the browser is expected to make. */
  readonly complaint?: RegExp
}

// Chromium writes these to the console itself, except for report-only violations.
const TELL_VIOLATIONS = `addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
  console.error(\`Content-Security-Policy: \${violatedDirective} \${blockedURI}\`)
})`

/**
 * Opens the console as a new visitor, and passes the page to `look`. The test fails if the browser
 * complains: about an exception, an error in its console, or a violation of the page's policy.
 */
export async function visit (
  t: Test,
  { browser, url, complaint, ...options }: Visit,
  look: (page: Page) => Promise<void>
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    ...options
  })
  const complaints: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`)
  })
  context.on('weberror', (error) => {
    complaints.push(error.error().stack ?? String(error.error()))
  })
  try {
    await context.addInitScript(TELL_VIOLATIONS)
    const page = await context.newPage()
    await page.goto(url)
    await look(page)
  } finally {
    await context.close()
  }
  t.strictSame(
    complaints.filter((text) => complaint?.test(text) !== true),
    [],
    'the browser has nothing to complain of'
  )
  if (complaint !== undefined) t.not(complaints.length, 0, 'but what was to be')
}
