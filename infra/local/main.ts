import { run } from './run.js'
import { suite } from './suite.js'

await run(suite, process.env)
