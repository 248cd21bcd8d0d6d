// npm run load
import { writeFile } from 'node:fs/promises'
import { progress } from '../bench/progress.js'
import { parseArguments, usage, type Wish } from './arguments.js'
import { UsageError } from './errors.js'
import { htmlReport } from './html/report.js'
import { run } from './run.js'
import { scenarios } from './scenarios/all.js'
import { textReport } from './text-report.js'

/**
 * npm passes on a Ctrl-C that the terminal has already delivered: two signals this close count as
 * one.
 */
const SAME_WISH_MS = 300

const { say, done } = progress(process.stderr)
const ending = new AbortController()
let asked: number | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (asked !== undefined && performance.now() - asked > SAME_WISH_MS) process.exit(130)
    asked ??= performance.now()
    ending.abort()
  })
}

try {
  const wish = parseArguments(process.argv.slice(2), process.env, scenarios)
  if (wish === 'help') console.log(usage(scenarios))
  else process.exitCode = await report(wish)
} catch (error) {
  done()
  if (!(error instanceof UsageError)) throw error
  console.error(`load: ${error.message}`)
  process.exitCode = 2
}

async function report (wish: Wish): Promise<number> {
  const { json, html } = wish
  // Fail before the minutes of work, not after them.
  for (const file of [json, html]) if (file !== undefined) await writable(file)
  const report = await run(wish, say, ending.signal)
  done()
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`)
  if (html !== undefined) await writeFile(html, htmlReport(report))
  console.log(textReport(report))
  if (report.interrupted) return 130
  return report.failed.length > 0 || report.requirements.some(({ met }) => !met) ? 1 : 0
}

async function writable (file: string): Promise<void> {
  try {
    await writeFile(file, '', { flag: 'a' })
  } catch (error) {
    throw new UsageError(
      `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`
    )
  }
}
