import { openRedis } from '@weir/redis'
import t from 'tap'
import { Commands } from '../src/stores/redis/commands.js'
import { startCluster, connectCluster } from './redis-cluster.js'
import { until } from './redis-node.js'

t.test('in a cluster, only the node that does not answer gets no commands', async (t) => {
  const cluster = await startCluster(t)
  const [node] = cluster.nodes
  const client = await connectCluster(t, cluster.addresses)
  const connection = openRedis({ client, commandTimeout: 500 }, 'weir')
  const commands = new Commands(connection)
  t.teardown(() => { commands.close() })
  const keys = Array.from({ length: 60 }, (_, i) => `key-${i}`)
  const owners = await Promise.all(keys.map((key) => cluster.ownerOf(key)))
  const [there = '', ...others] = keys.filter((_, i) => owners[i] === node)
  const elsewhere = keys.filter((_, i) => owners[i] !== node)
  t.equal(new Set(keys.map((key) => connection.nodeOf(key))).size, 3)

  node?.freeze()
  await t.rejects(commands.read(there))
  const refused = { code: 'WEIR_CACHE_STORE_UNAVAILABLE' }
  for (const key of others) await t.rejects(commands.read(key), refused, 'at once')
  for (const key of elsewhere) t.equal(await commands.read(key), undefined)
  node?.thaw()
  await until('it is asked again', () => commands.read(there).then(() => true, () => false))
})
