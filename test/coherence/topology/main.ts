import { UsageError } from '../arguments.js'
import { parseTopologyArguments, topologyUsage } from './arguments.js'
import { idleText } from './idle.js'
import { periodText, topologyReport, topologyVerdict } from './report.js'
import { runIdle, runTopology } from './run.js'

/** Runs the check in front of several servers. @returns the exit code, like `main` */
export async function topologyMain (args: readonly string[]): Promise<number> {
  try {
    const wish = parseTopologyArguments(args)
    if (wish === 'help') {
      console.log(topologyUsage)
      return 0
    }
    const { topology, seconds, seed, processes, idle } = wish
    if (idle) {
      console.log(idleText(await runIdle(topology, seconds)))
      return 0
    }
    console.log(`${processes} instances, ${topology}, ${seconds} s, seed ${seed}`)
    const outcome = await runTopology({
      ...wish,
      onPeriod (period) { console.log(periodText(period)) }
    })
    console.log(topologyReport(outcome))
    console.log(`seed ${seed}`)
    const found = topologyVerdict(outcome)
    for (const what of found) console.error(`FAILED: ${what}`)
    return found.length === 0 ? 0 : 1
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n\n${topologyUsage}`)
    return 2
  }
}
