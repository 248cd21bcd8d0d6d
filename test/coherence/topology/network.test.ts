import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Teardowns } from '../teardowns.js'
import { freePorts } from './free-ports.js'
import { Network } from './network.js'

const INSTANCE = '127.0.2.1'
const NODE = '127.0.1.1'

/** A network of an instance and two nodes that echo. */
async function startNetwork (t: Test) {
  const teardowns = new Teardowns()
  t.teardown(() => teardowns.run())
  const ports = await freePorts(2, 2)
  const doors = ports.map(([target = 0, port = 0], i) => ({ member: `node${i}`, target, port }))
  for (const { target } of doors) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.pipe(socket)
    }).listen(target, '127.0.0.1')
    teardowns.add(() => server.close())
    await once(server, 'listening')
  }
  const network = await Network.start(teardowns, doors, { [INSTANCE]: 'a', [NODE]: 'node0' })
  const open = async (localAddress: string, node: number) => {
    const socket = connect({ port: doors[node]?.port ?? 0, host: '127.0.0.1', localAddress })
    t.teardown(() => { socket.destroy() })
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }
  return { network, open }
}

async function echo (socket: Socket, text: string): Promise<string> {
  const answered = once(socket, 'data')
  socket.write(text)
  const [data] = await answered as [Buffer]
  return String(data)
}

t.test('a silent cut holds back data between its sides until it is healed', async (t) => {
  const { network, open } = await startNetwork(t)
  const [within, across] = [await open(INSTANCE, 0), await open(INSTANCE, 1)]
  const between = await open(NODE, 1)
  t.equal(await echo(within, '1'), '1')
  t.equal(await echo(across, '1'), '1')
  t.equal(await echo(between, '1'), '1')

  network.split(['a', 'node0'])
  t.equal(await echo(within, '2'), '2', 'one side is whole')
  const late = ['across', 'between']
  const answers = [across, between].map((socket, i) => echo(socket, '2').then((data) => {
    late[i] = ''
    return data
  }))
  // A round trip through the same thread: data that is not held back would have arrived by now.
  t.equal(await echo(within, '3'), '3')
  t.equal(await echo(await open(INSTANCE, 0), '3'), '3')
  t.strictSame(late, ['across', 'between'])
  network.heal()
  t.strictSame(await Promise.all(answers), ['2', '2'])
})

t.test('a cut with resets ends connections, including new ones', async (t) => {
  const { network, open } = await startNetwork(t)
  const [within, across] = [await open(INSTANCE, 0), await open(INSTANCE, 1)]
  t.equal(await echo(across, '1'), '1')
  const closed = once(across, 'close')
  network.split(['a', 'node0'], 'reset')
  await closed
  await once(await open(INSTANCE, 1), 'close')
  t.equal(await echo(within, '1'), '1')
  network.heal()
  t.equal(await echo(await open(INSTANCE, 1), '1'), '1')
})

t.test('connections to a stopped member are refused', async (t) => {
  const { network, open } = await startNetwork(t)
  const other = await open(INSTANCE, 0)
  network.setOpen('node1', false)
  t.equal(await echo(other, '1'), '1')
  await t.rejects(open(INSTANCE, 1), { code: 'ECONNREFUSED' })
  network.setOpen('node1', true)
  t.equal(await echo(other, '2'), '2')
  t.equal(await echo(await open(INSTANCE, 1), '1'), '1')
})
