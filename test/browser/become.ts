import { type Page } from 'playwright-core'
import { tokenOf } from '../support/catalog.js'

/** Pastes a token of a user with this role, and continues as that user. */
export async function become (page: Page, role: 'reader' | 'editor' | 'admin'): Promise<void> {
  await page.getByRole('button', { name: /^Identity: / }).click()
  const dialog = page.getByRole('dialog', { name: 'Identity' })
  await dialog.getByLabel('Paste a token').fill(tokenOf(role))
  await dialog.getByRole('button', { name: 'Use this token' }).click()
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: `Identity: ${role} (${role})` }).waitFor()
}
