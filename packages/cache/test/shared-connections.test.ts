import type { ListenerEvents, RedisConnection } from '@weir/redis'
import t from 'tap'
import { SharedConnections } from '../src/stores/redis/shared-connections.js'

/** A cluster of nodes by channel, whose connections do nothing by themselves. */
function cluster (nodes: Record<string, string>) {
  const opened: { readonly id: string, readonly events: ListenerEvents, isClosed: boolean }[] = []
  const locate: RedisConnection['locate'] = async (channel) => {
    const id = nodes[channel] ?? ''
    return {
      id,
      listen (events) {
        const connection = { id, events, isClosed: false }
        opened.push(connection)
        return {
          subscribe: async () => {},
          prove: async () => {},
          close: () => { connection.isClosed = true }
        }
      }
    }
  }
  const connections = new SharedConnections({ locate })
  const join = async (channel: string) => {
    const said: string[] = []
    const node = await connections.locate(channel)
    const listener = node.listen({
      ready: () => { said.push('ready') },
      lost: () => { said.push('lost') }
    })
    return { said, saidAtOnce: [...said], close: () => { listener.close() } }
  }
  return { opened, join }
}

t.test('channels of one node share a connection', async (t) => {
  const { opened, join } = cluster({ a: 'one', b: 'one', c: 'two' })
  const [a, b] = [await join('a'), await join('b'), await join('c')]
  t.strictSame(opened.map(({ id }) => id), ['one', 'two'])
  opened[0]?.events.ready()
  const late = await join('a')
  t.strictSame(late.saidAtOnce, [], 'not before it has its connection')
  for (const { said } of [a, b, late]) t.strictSame(said, ['ready'])
  opened[0]?.events.lost()
  for (const { said } of [a, b, late]) t.strictSame(said, ['ready', 'lost'])
  await join('b')
  t.strictSame(opened.map(({ id }) => id), ['one', 'two', 'one'])
})

t.test('a connection that one subscription has left accepts no others, and serves the remaining ones', async (t) => {
  const { opened, join } = cluster({ a: 'one', b: 'one' })
  const [a, b] = [await join('a'), await join('b')]
  opened[0]?.events.ready()
  a.close()
  t.notOk(opened[0]?.isClosed)
  const again = await join('a')
  t.equal(opened.length, 2)
  opened[1]?.events.ready()
  t.strictSame(again.said, ['ready'])
  opened[0]?.events.lost()
  t.strictSame([a.said, b.said], [['ready'], ['ready', 'lost']])
  b.close()
  t.ok(opened[0]?.isClosed)
  await join('b')
  t.equal(opened.length, 2, 'that of the others is not ended by it')
})
