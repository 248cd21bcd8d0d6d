import { bootFailed, loadEnv, start } from '@weir/fastify/service'
import { buildApp } from './app.js'
import { catalogEnv } from './env.js'

async function main () {
  const env = loadEnv(catalogEnv)
  await start(await buildApp(env), env)
}

main().catch(bootFailed)
