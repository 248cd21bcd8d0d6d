import t from 'tap'
import { RedisFigures } from '../src/redis/figures.js'
import { parseInfo } from '../src/redis/info.js'
import { redisNodes } from '../src/redis/nodes.js'
import { memoryLog } from './support/log.js'

const info = (fields: Record<string, string | number>) =>
  `# Server\r\n${Object.entries(fields).map(([name, value]) => `${name}:${value}\r\n`).join('')}`

const master = {
  redis_version: '7.4.1',
  uptime_in_seconds: 100,
  connected_clients: 3,
  used_memory: 1000,
  used_memory_rss: 1500,
  maxmemory: 4000,
  maxmemory_policy: 'allkeys-lru',
  instantaneous_ops_per_sec: 50,
  keyspace_hits: 90,
  keyspace_misses: 10,
  evicted_keys: 1,
  expired_keys: 2,
  db0: 'keys=7,expires=5,avg_ttl=1000,subexpiry=0',
  db1: 'keys=1,expires=0,avg_ttl=0'
}

t.test('what INFO says', async (t) => {
  t.same(parseInfo([info(master)]), {
    version: '7.4.1',
    usedMemoryBytes: 1000,
    maxMemoryBytes: 4000,
    maxMemoryPolicy: 'allkeys-lru',
    fragmentationRatio: 1.5,
    keys: 8,
    expires: 5,
    evictedKeys: 1,
    expiredKeys: 2,
    hitRate: 0.9,
    opsPerSecond: 50,
    uptimeSeconds: 100,
    clients: 3
  })
  t.match(parseInfo([info({ redis_version: '6.2.0' })]), {
    version: '6.2.0',
    keys: 0,
    hitRate: null,
    fragmentationRatio: null
  })
})

t.test('masters of a cluster are added up', async (t) => {
  const other = {
    ...master,
    redis_version: '7.4.2',
    uptime_in_seconds: 20,
    used_memory: 3000,
    used_memory_rss: 3000,
    keyspace_hits: 0,
    maxmemory: 1000
  }
  t.match(parseInfo([info(master), info(other)]), {
    version: '7.4.1,7.4.2',
    usedMemoryBytes: 4000,
    maxMemoryBytes: 5000,
    maxMemoryPolicy: 'allkeys-lru',
    fragmentationRatio: 4500 / 4000,
    keys: 16,
    hitRate: 90 / 110,
    opsPerSecond: 100,
    uptimeSeconds: 20,
    clients: 6
  })
  t.match(parseInfo([info(master), info({ ...other, maxmemory: 0 })]), { maxMemoryBytes: 0 })
})

t.test('a cluster is asked for its masters each time', async (t) => {
  const node = { info: () => Promise.resolve(info(master)) }
  let nodes = [node]
  const cluster = redisNodes({ nodes: (role) => role === 'master' ? nodes : [] })
  t.equal(cluster().length, 1)
  nodes = [node, node]
  t.equal(cluster().length, 2)
  t.same(redisNodes(node)(), [node])
})

t.test(
  'a Redis that does not answer has no figures, is asked once at a time, and is said to be gone once',
  async (t) => {
    const { log, lines } = memoryLog()
    let answer = Promise.resolve(info(master))
    let asked = 0
    const figures = new RedisFigures({
      nodes: () => [
        {
          info: () => {
            asked++
            return answer
          }
        }
      ],
      log,
      timeout: 10
    })
    t.equal(figures.current, undefined)
    await figures.refresh()
    t.match(figures.current, { keys: 8 })

    answer = new Promise(() => {})
    const [first, second] = [figures.refresh(), figures.refresh()]
    await second
    t.match(figures.current, { keys: 8 }, 'not answered yet')
    await first
    t.equal(figures.current, undefined)
    t.equal(asked, 2)
    await figures.refresh()
    answer = Promise.resolve(info(master))
    await figures.refresh()
    t.match(figures.current, { keys: 8 })
    t.same(lines, ['Redis does not report its statistics', 'Redis reports its statistics again'])
  }
)
