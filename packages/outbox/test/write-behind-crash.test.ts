import t from 'tap'
import { check, KINDS, migrate } from './crash-runs.js'

for (const kind of KINDS) {
  t.test(
    `SQLite, ${kind}: killed at any step, nothing acknowledged is lost, nothing is written twice`,
    async (t) => {
      const folder = t.testdir()
      await check(
        t,
        (run) =>
          migrate({
            sqlite: `${folder}/${run}.db`,
            begun: `${folder}/${run}.begun`,
            acknowledged: `${folder}/${run}.acknowledged`,
            ...(kind === 'external' && { destination: `${folder}/${run}.destination` })
          }),
        { runs: 8, seed: 18 }
      )
    }
  )
}
