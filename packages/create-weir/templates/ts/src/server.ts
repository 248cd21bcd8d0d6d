import { buildApp } from './app.js'

const { HOST = '127.0.0.1', PORT = '3000' } = process.env
const app = await buildApp({ logger: true })

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => { app.close(() => {}) })
}
await app.listen({ host: HOST, port: Number(PORT) })
