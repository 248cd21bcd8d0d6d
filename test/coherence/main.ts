import { parseArguments, usage, UsageError } from './arguments.js'
import { verdict, progressLine, report } from './report.js'
import { run } from './run.js'
import { topologyMain } from './topology/main.js'

// Frozen processes have to end too: exit, so that the handlers of 'exit' run.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
process.exitCode = await main(process.argv.slice(2))

/** Runs the check; returns the exit code: 0 passed, 1 failed, 2 wrong arguments. */
async function main (args: readonly string[]): Promise<number> {
  if (args.some((arg) => arg.startsWith('--topology'))) return topologyMain(args)
  try {
    const wish = parseArguments(args)
    if (wish === 'help') {
      console.log(usage)
      return 0
    }
    console.log(
      `${wish.processes} instances, ${wish.store}, versions in ${wish.database}, ` +
      `${wish.seconds} s, seed ${wish.seed}`)
    const { isTTY } = process.stdout
    const outcome = await run({
      ...wish,
      onProgress (progress) {
        process.stdout.write(
          isTTY ? `\r\u001b[K${progressLine(progress)}` : `${progressLine(progress)}\n`
        )
      }
    })
    if (isTTY) process.stdout.write('\r\u001b[K')
    console.log(report(outcome, wish))
    const found = verdict(outcome, wish)
    for (const what of found) console.error(`FAILED: ${what}`)
    return found.length === 0 ? 0 : 1
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n\n${usage}`)
    return 2
  }
}
