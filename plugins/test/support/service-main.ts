import { fastify } from 'fastify'
import service, {
  bootFailed,
  loadEnv,
  serverOptions,
  serviceEnv,
  start
} from '../../service/index.js'
import { options } from './service-app.js'

// Service as its own process, for the tests of `start`. /crash and /hang simulate failures.
async function main () {
  const env = loadEnv(serviceEnv)
  const app = fastify(serverOptions(env, { service: 'demo' }))
  await app.register(service, options)
  app.get('/crash', async () => {
    setImmediate(() => { throw new Error('crash') })
    return 'soon'
  })
  app.get('/hang', async () => {
    process.stdout.write('hanging\n')
    return new Promise(() => {})
  })
  app.addHook('onClose', async () => { process.stdout.write('closed\n') })
  await start(app, env)
}

main().catch(bootFailed)
