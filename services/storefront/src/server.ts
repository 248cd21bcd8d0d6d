import { bootFailed, loadEnv, start } from '@weir/fastify/service'
import { buildApp } from './app.js'
import { productionEnv, storefrontEnv } from './env.js'

async function main () {
  const env = loadEnv(process.env['NODE_ENV'] === 'production' ? productionEnv : storefrontEnv)
  await start(await buildApp(env), env)
}

main().catch(bootFailed)
