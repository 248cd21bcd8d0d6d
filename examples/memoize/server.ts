import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import { Bank, forget, rate, runs } from './rates.js'

const { PORT = '3000' } = process.env
const app = Fastify()
const bank = new Bank()

interface Pair { Params: { from: string, to: string } }
interface Single { Params: { currency: string } }

async function timed<T> (work: Promise<T>) {
  const start = performance.now()
  return { value: await work, ms: Math.round(performance.now() - start), runs }
}

app.get<Pair>('/rates/:from/:to', async ({ params: { from, to } }) => timed(rate(from, to)))

app.get<Single>('/history/:currency', async ({ params }) => timed(bank.history(params.currency)))

// Invalidates one pair; one currency, in rates and histories; or all rates.
app.delete<Pair>('/rates/:from/:to', async ({ params: { from, to } }, reply) => {
  await rate.invalidate(from, to)
  return reply.code(204).send()
})
app.delete<Single>('/currencies/:currency', async ({ params }, reply) => {
  await forget(params.currency)
  return reply.code(204).send()
})
app.delete('/rates', async (_request, reply) => {
  await rate.clear()
  return reply.code(204).send()
})

closeWithGrace(() => app.close())
console.log(`Listening on ${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}`)
