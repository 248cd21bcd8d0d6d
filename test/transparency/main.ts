import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArguments, usage, UsageError } from './arguments.js'
import { report, resultLine, summarize } from './report.js'
import { run } from './run.js'
import { SUBJECTS } from './subjects/index.js'

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
process.exitCode = await main(process.argv.slice(2))

/** Runs the check; returns the exit code: 0 passed, 1 failed, 2 wrong arguments. */
async function main (args: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'weir-transparency-'))
  try {
    const wish = parseArguments(args, SUBJECTS.map(({ name }) => name))
    if (wish === 'help') {
      console.log(usage)
      return 0
    }
    const { seed, json, only, ...course } = wish
    const subjects = SUBJECTS.filter(({ name }) => only === undefined || only.includes(name))
    console.log(`${subjects.length} applications, ${course.seconds} s, seed ${seed}`)
    const results = await run({
      ...course,
      subjects,
      seed,
      folder,
      onResult: (result) => {
        console.log(resultLine(result))
      }
    })
    const summary = summarize(results, seed)
    if (json !== undefined) await writeFile(json, JSON.stringify(summary, undefined, 2))
    console.log(report(summary))
    for (const failure of summary.failures) console.error(`FAILED: ${failure}`)
    return summary.failures.length === 0 ? 0 : 1
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n\n${usage}`)
    return 2
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
