import { startChild } from '../children/start.js'
import { loadAverage } from '../machine.js'
import type { Scenario } from '../scenario.js'
import { spread } from '../statistics.js'

const ROUNDS = 3

/** The start of the suite with nothing to build, by wall time, which is what users wait for. */
export const start: Scenario = {
  name: 'start',
  about:
    'npm start until its banner, with nothing to build; CPU time shows the effect of a busy machine',
  async run (around) {
    const rounds: { seconds: number; cpuSeconds: number }[] = []
    const times = around.repeat(ROUNDS)
    // The first start may build, and creates the databases.
    for (let round = 0; round <= times; round++) {
      around.say(round === 0 ? 'start: building' : `start: round ${round}/${times}`)
      const suite = await startChild('suite', ['--dir', around.dir])
      around.defer(() => suite.end())
      const { seconds = NaN, cpuSeconds = NaN } = await suite.ask()
      await suite.end()
      if (round > 0) rounds.push({ seconds, cpuSeconds })
    }
    const cpu = spread(rounds.map(({ cpuSeconds }) => cpuSeconds)).median
    return [
      {
        scenario: 'start',
        what: 'npm start to the banner',
        a: `${cpu.toFixed(1)} s of CPU, all processes`,
        b: `machine load ${loadAverage().toFixed(1)}`,
        unit: 's',
        measured: spread(rounds.map(({ seconds }) => seconds)),
        target: { atMost: 3 },
        rounds
      }
    ]
  }
}
