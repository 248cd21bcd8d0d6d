import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'

const { PORT = '3000' } = process.env

// Stands for the platform: a process for each request, which ends with it.
const run = promisify(execFile)
const handler = fileURLToPath(new URL('handler.js', import.meta.url))
let processes = 0

const app = Fastify()

app.get<{ Params: { month: string } }>('/reports/:month', async ({ params }, reply) => {
  processes++
  const { stdout } = await run(process.execPath, [handler, params.month])
  return reply.type('application/json').send(stdout)
})

app.get('/processes', async () => ({ processes }))

closeWithGrace(() => app.close())
console.log(`Listening on ${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}`)
