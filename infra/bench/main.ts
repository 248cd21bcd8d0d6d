// npm run bench
import { writeFile } from 'node:fs/promises'
import { parseArguments, usage, UsageError, type Wish } from './arguments.js'
import { startChild } from './children/start.js'
import { loadAverage, machine } from './machine.js'
import { progress } from './progress.js'
import { report, tookLine } from './report.js'
import { isMet, type Result, type Scenario, type Surroundings } from './scenario.js'
import { scenarios } from './scenarios/all.js'

const { say, done } = progress(process.stderr)

// Children notice the end of this process and end themselves, along with everything they hold.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(130))
}

try {
  const wish = parseArguments(process.argv.slice(2), scenarios)
  if (wish === 'help') console.log(usage(scenarios))
  else await run(wish)
} catch (error) {
  done()
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n\n${usage(scenarios)}`)
  process.exitCode = 2
}

async function run ({ scenarios, json, quick }: Wish): Promise<void> {
  const date = new Date().toISOString()
  const loadBefore = loadAverage()
  // Fail before the minutes of work, not after them.
  if (json !== undefined) await writeFile(json, '')
  const keeper = await startChild('keeper')
  const surroundings = {
    dir: String(keeper.ready['dir']),
    redis: String(keeper.ready['redis']),
    say,
    repeat: (times: number) => quick ? Math.ceil(times / 5) : times,
    stretch: (time: number) => quick ? time / 2 : time
  }
  const results: Result[] = []
  const failures: string[] = []
  const seconds: Record<string, number> = {}
  try {
    for (const scenario of scenarios) {
      const began = performance.now()
      try {
        results.push(...await measured(scenario, surroundings))
      } catch (error) {
        // Other scenarios have taken minutes, or will.
        failures.push(
          `${scenario.name} FAILED: ${error instanceof Error ? error.message : String(error)}`
        )
        console.error(error)
      }
      seconds[scenario.name] = Math.round((performance.now() - began) / 1000)
    }
  } finally {
    await keeper.end()
  }
  done()
  const about = { date, machine: machine(), loadBefore, loadAfter: loadAverage(), quick, seconds }
  if (json !== undefined) {
    const text = JSON.stringify(
      { ...about, results: results.map((result) => ({ ...result, met: isMet(result) })) },
      null,
      2
    )
    await writeFile(json, `${text}\n`)
  }
  console.log(report(results))
  for (const failure of failures) console.log(failure)
  if (failures.length > 0) process.exitCode = 1
  console.log(tookLine(seconds))
  console.log(
    `${about.machine.cpu}, ${about.machine.cores} cores, Node ${about.machine.node}; load ${loadBefore.toFixed(1)} before, ${about.loadAfter.toFixed(1)} after`
  )
}

async function measured (
  scenario: Scenario,
  surroundings: Omit<Surroundings, 'defer'>
): Promise<Result[]> {
  const ends: (() => unknown)[] = []
  try {
    return await scenario.run({
      ...surroundings,
      defer: (end) => {
        ends.push(end)
      }
    })
  } finally {
    for (const end of ends.reverse()) await end()
  }
}
