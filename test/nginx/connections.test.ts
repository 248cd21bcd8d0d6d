import { once } from 'node:events'
import { Agent, createServer, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { startNginx } from '../support/nginx.js'

const CLIENTS = 10_000
// Milliseconds.
const ANSWERED_WITHIN = 1000
const CUT_OFF_WITHIN = 10_000

t.test('10,000 unfinished requests lock out no client, and are cut off', async (t) => {
  const server = createServer((_request, response) => {
    response.end('here')
  }).listen(0, '127.0.0.1')
  t.teardown(() => { server.close() })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') {
    throw new Error('a TCP server without a port')
  }
  const { url } = await startNginx(t, { catalog: [`http://127.0.0.1:${address.port}`] })
  const { hostname, port } = new URL(url)

  const sockets: Socket[] = []
  t.teardown(() => { for (const socket of sockets) socket.destroy() })
  const ended: Promise<void>[] = []
  let closed = 0
  // Batches of a hundred: more would wait in the listener's queue.
  for (let i = 0; i < CLIENTS; i += 100) {
    await Promise.all(Array.from({ length: 100 }, async () => {
      const socket = connect(Number(port), hostname)
      sockets.push(socket)
      await once(socket, 'connect')
      ended.push(new Promise((resolve) => {
        socket.on('error', () => {}).resume().once('close', () => {
          closed++
          resolve()
        })
      }))
      socket.write('GET /api/products HTTP/1.1\r\nHost: x\r\nX-Slow: ')
    }))
  }
  const open = CLIENTS - closed
  const began = performance.now()
  for (let i = 0; i < 20; i++) {
    const response = await fetch(`${url}/api/products`, { headers: { connection: 'close' } })
    t.equal(response.status, 200)
    t.equal(await response.text(), 'here')
  }
  const took = performance.now() - began
  t.ok(
    took / 20 < ANSWERED_WITHIN,
    `${Math.round(took)} ms for 20 requests beside ${open} half-sent ones`
  )
  t.ok(open > CLIENTS / 2, `${open} were open`)
  await Promise.all(ended)
  t.ok(performance.now() - began < CUT_OFF_WITHIN)
})

t.test('a connection serves more requests than a load test sends in seconds', async (t) => {
  const { url } = await startNginx(t, {})
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => { agent.destroy() })
  let connections = 0
  for (let i = 0; i < 1500; i++) {
    const request = get(`${url}/nowhere`, { agent })
    request.once('socket', (socket) => { if (socket.connecting) connections++ })
    await new Promise((resolve, reject) => {
      request.once('error', reject)
      request.once('response', (response) => { response.resume().once('end', resolve) })
    })
  }
  t.equal(connections, 1)
})
