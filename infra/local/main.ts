import { fail, run } from './run.js'
import { suite } from './suite.js'
import { chooseUpstream } from './weather-upstream.js'

const upstream = await chooseUpstream(process.env).catch(fail)
await run(suite(upstream), process.env)
