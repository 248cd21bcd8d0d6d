import { claimDataFolder } from './data-folder.js'
import { choosePorts } from './ports.js'
import { fail, run } from './run.js'
import { PORT_OFFSETS, suite } from './suite.js'
import { dataFolder } from './supervisor.js'
import { chooseUpstream } from './weather-upstream.js'

try {
  claimDataFolder(dataFolder(process.env), process.env.REDIS_URL || undefined)
  const upstream = chooseUpstream(process.env)
  const ports = await choosePorts(process.env, PORT_OFFSETS)
  await run(suite(upstream, 'bundle', ports.base), process.env, ports)
} catch (error) {
  fail(error)
}
