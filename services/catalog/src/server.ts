import { bootFailed, loadEnv, start } from '@weir/fastify/service'
import { buildApp } from './app.js'
import { catalogEnv, productionEnv } from './env.js'

async function main () {
  const env = loadEnv(process.env['NODE_ENV'] === 'production' ? productionEnv : catalogEnv)
  await start(await buildApp(env), env)
}

main().catch(bootFailed)
