import { fail, run } from './run.js'
import { suite } from './suite.js'
import { chooseUpstream } from './weather-upstream.js'

try {
  await run(suite(chooseUpstream(process.env), 'bundle'), process.env)
} catch (error) {
  fail(error)
}
