import { startRedis } from '@weir/internal/testing'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import t, { type Test } from 'tap'
import { openRedis } from '../src/index.js'

const server = await startRedis(t)

const clients: Record<string, (t: Test) => Redis | Redis5> = {
  'ioredis 6, pipelined': () => new Redis({ path: server.path, enableAutoPipelining: true }),
  'ioredis 6, pipelined, with a prefix': () =>
    new Redis({ path: server.path, enableAutoPipelining: true, keyPrefix: 'app:' }),
  'ioredis 6': () => new Redis({ path: server.path }),
  'ioredis 5, pipelined': () => new Redis5({ path: server.path, enableAutoPipelining: true }),
  'ioredis 5, pipelined, with a prefix': () =>
    new Redis5({ path: server.path, enableAutoPipelining: true, keyPrefix: 'app:' })
}

for (const [name, make] of Object.entries(clients)) {
  t.test(`${name}: reads are sent by the client itself, with its prefix, as bytes`, async (t) => {
    const client = make(t)
    t.teardown(() => { client.disconnect() })
    const sent: string[] = []
    const send = client.sendCommand.bind(client) as Redis['sendCommand']
    client.sendCommand = (...args: Parameters<Redis['sendCommand']>) => {
      sent.push(args[0].name)
      return send(...args)
    }
    const connection = openRedis({ client }, 'weir')
    const value = Buffer.from([0, 255, 13, 10])
    await client.set('a', value)
    sent.length = 0
    t.strictSame(await connection.read('a'), value)
    t.strictSame(await connection.readAll(['a', 'b', 'a']), [value, undefined, value])
    t.strictSame(sent, ['get', 'mget'])
    t.equal(await client.get('b'), null, 'the client is unchanged')
  })
}

t.test('replaced methods of a client are used', async (t) => {
  const client = new Redis({ path: server.path, enableAutoPipelining: true })
  t.teardown(() => { client.disconnect() })
  client.getBuffer = async () => Buffer.from('its own')
  t.strictSame(await openRedis({ client }, 'weir').read('a'), Buffer.from('its own'))
})

t.test('a client class with its own method uses that', async (t) => {
  class Counting extends Redis {
    #reads = 0

    get reads () { return this.#reads }

    override getBuffer (...args: Parameters<Redis['getBuffer']>) {
      this.#reads++
      return super.getBuffer(...args)
    }
  }
  const client = new Counting({ path: server.path, enableAutoPipelining: true })
  t.teardown(() => { client.disconnect() })
  t.equal(await openRedis({ client }, 'weir').read('of a subclass'), undefined)
  t.equal(client.reads, 1)
})
