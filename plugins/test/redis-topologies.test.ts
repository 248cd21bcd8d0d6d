import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fastify } from 'fastify'
import { Cluster, Redis } from 'ioredis'
import t, { type Test } from 'tap'
import redis from '../redis/index.js'
import { freePort, startRedis } from '@weir/internal/testing'

function build (t: Test) {
  const app = fastify()
  t.teardown(() => app.close())
  return app
}

t.test('a cluster: app.redis is its client, also if it became available after the boot', async (t) => {
  const server = await startRedis(t, {
    absent: true,
    args: [
      '--cluster-enabled',
      'yes',
      '--cluster-announce-ip',
      '127.0.0.1',
      '--cluster-port',
      `${await freePort()}`
    ]
  })
  const url = server.url.replace('redis:', 'redis+cluster:')
  const early = build(t)
  await early.register(redis, { url, readyTimeout: 0, commandTimeout: 1000 })
  await early.ready()
  t.type(early.redis, Cluster)
  await t.rejects(early.redis.set('a', '1'))

  await server.start()
  const node = new Redis(server.url)
  await node.cluster('ADDSLOTSRANGE', 0, 16383)
  await node.quit()
  // Not once() of node:events, which rejects if the first attempt to connect failed.
  if (early.redis.status !== 'ready') {
    await new Promise((resolve) => {
      early.redis.once('ready', resolve)
    })
  }
  t.equal(await early.redis.set('a', '1'), 'OK')

  const app = build(t)
  await app.register(redis, { url, commandTimeout: 1000 })
  await app.ready()
  t.ok(app.hasPlugin('@fastify/redis'))
  t.type(app.redis, Cluster)
  t.equal(await app.redis.get('a'), '1')

  await server.kill()
  await t.rejects(
    app.redis.get('a'),
    'a command fails without waiting until the cluster is back'
  )
  await app.close()
})

t.test('behind Sentinel: app.redis is a client of the master', async (t) => {
  const server = await startRedis(t)
  const sentinel = await startSentinel(t, server.url)
  const app = build(t)
  await app.register(redis, {
    url: `redis+sentinel://127.0.0.1:1,127.0.0.1:${sentinel}/main`,
    commandTimeout: 2000
  })
  await app.ready()
  t.equal(await app.redis.set('a', '1'), 'OK')
  const master = new Redis(server.url)
  t.teardown(() => { master.disconnect() })
  t.equal(await master.get('a'), '1')
})

/** Starts a Sentinel that watches one master as `main`, and returns its port. */
async function startSentinel (t: Test, url: string): Promise<number> {
  const port = await freePort()
  await startRedis(t, {
    port,
    async configure (dir) {
      const file = join(dir, 'sentinel.conf')
      await writeFile(
        file,
        `port ${port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 ${new URL(url).port} 1\n`
      )
      return [file, '--sentinel']
    }
  })
  return port
}
