import { startSimulator } from './simulator.js'

// The simulator as a program that `npm start` runs like an instance of a service.
const { HOST = '127.0.0.1', PORT = '4190' } = process.env
const simulator = await startSimulator({ host: HOST, port: Number(PORT) })
const end = () => {
  simulator.close().then(() => process.exit(0), () => process.exit(1))
}
process.on('SIGTERM', end)
if (process.send === undefined) {
  process.on('SIGINT', end)
  console.log(`Open-Meteo, simulated: ${simulator.url}`)
} else {
  // The parent ends it.
  process.on('SIGINT', () => {})
  process.on('disconnect', end)
  process.send({ type: 'ready', port: Number(new URL(simulator.url).port) })
}
