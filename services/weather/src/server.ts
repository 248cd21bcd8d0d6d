import { bootFailed, loadEnv, start } from '@weir/fastify/service'
import { buildApp } from './app.js'
import { weatherEnv } from './env.js'

async function main () {
  const env = loadEnv(weatherEnv)
  await start(await buildApp(env), env)
}

main().catch(bootFailed)
