import { type Browser, chromium } from 'playwright-core'
import { findProgram } from './find-program.js'

/** Starts the system's Chromium without a window. It ends with this process at the latest. */
export async function launchChromium (): Promise<Browser> {
  const executablePath = findProgram('chromium', process.env.PATH ?? '')
  if (executablePath === undefined) {
    throw new Error(
      'chromium is not installed: run node infra/dist/tools/ensure.js chromium'
    )
  }
  // Chromium's sandbox does not work as root.
  return chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 })
}
