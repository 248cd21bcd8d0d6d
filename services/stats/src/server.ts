import { bootFailed, loadEnv, start } from '@weir/fastify/service'
import { buildApp } from './app.js'
import { statsEnv } from './env.js'

async function main () {
  const env = loadEnv(statsEnv)
  await start(await buildApp(env), env)
}

main().catch(bootFailed)
