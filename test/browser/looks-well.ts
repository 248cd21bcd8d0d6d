import axe from 'axe-core'
import { type Page } from 'playwright-core'
import { type Test } from 'tap'

/** Checks a page with axe, for missing figures, and for elements wider than the window. */
export async function looksWell (t: Test, page: Page, name: string): Promise<void> {
  await page.evaluate(`${axe.source}; undefined`)
  for (const [width, colorScheme] of [[1280, 'light'], [360, 'dark']] as const) {
    await page.setViewportSize({ width, height: 800 })
    await page.emulateMedia({ colorScheme })
    const { violations } = await page.evaluate<axe.AxeResults>(
      'axe.run(document, { resultTypes: ["violations"] })'
    )
    const findings = violations.flatMap(({ id, impact, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${impact}: ${id}: ${html} ${failureSummary}`)
    )
    t.strictSame(findings, [], `${name}, ${width}, ${colorScheme}`)
    const needed = await page.evaluate<number>('document.documentElement.scrollWidth')
    t.ok(needed <= width, `${name}: ${needed} px of ${width}`)
  }
}
