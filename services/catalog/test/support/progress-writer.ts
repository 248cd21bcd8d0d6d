import { createProgress } from '../../src/import/progress.js'

// Reports a file of 100 rows to its stderr.
const progress = createProgress(process.stderr)
progress.start(1_000)
for (let rows = 1; rows <= 100; rows++) progress.advance(10, rows)
progress.stop(100)
progress.write(100)
