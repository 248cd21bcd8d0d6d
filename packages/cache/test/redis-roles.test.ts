import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { freePorts } from '@weir/internal/testing'
import { startNode, until } from './redis-node.js'
import { listening } from './listening.js'
import { hearsAgain, listeningInstance } from './listening-instance.js'

const OPTIONS = { ttl: '1h', tags: ['tag'] } as const
// Redis is asked every fifth of it.
const LEASE = 100

async function startRedis (t: Test, ...config: string[]) {
  const [port = 0] = await freePorts(1)
  return startNode(t, port, async (dir) => [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--save',
    '',
    '--appendonly',
    'no',
    '--repl-diskless-sync-delay',
    '0',
    ...config
  ])
}

function connect (t: Test, options: object): Redis {
  const client = new Redis({
    host: '127.0.0.1',
    ...options,
    maxRetriesPerRequest: 0,
    commandTimeout: 500,
    retryStrategy: () => 20
  })
  t.teardown(() => { client.disconnect() })
  client.on('error', () => {})
  return client
}

t.test(
  'memory is trusted only while the sender of the messages could also execute an invalidation',
  async (t) => {
    const { port, control } = await startRedis(t)
    const { cache } = await listeningInstance(t, connect(t, { port }), { lease: LEASE })

    await t.test('a master that has become a replica', async (t) => {
      await cache.remember('key', OPTIONS, () => 'value')
      const [cut, back] = [listening(false), listening(true)]
      await control.replicaof('127.0.0.1', 1)
      await cut
      t.equal(cache.lookup('key'), undefined)
      t.equal(await cache.get('key'), undefined, 'nor does it decide validity itself')
      await control.replicaof('NO', 'ONE')
      await back
      t.equal(await cache.get('key'), undefined, 'what it has missed is unknown')
      t.equal(await cache.remember('key', OPTIONS, () => 'value'), 'value')
      t.equal(await cache.get('key'), 'value')
    })

    await t.test('a master without its required replicas', async (t) => {
      const [cut, back] = [listening(false), listening(true)]
      await control.config('SET', 'min-replicas-to-write', 1)
      await cut
      t.equal(cache.lookup('key'), undefined)
      t.equal(await cache.get('key'), undefined, 'nor does it decide validity itself')
      await control.config('SET', 'min-replicas-to-write', 0)
      await back
      t.equal(await cache.get('key'), 'value')
    })

    await t.test('a master that is handing over', async (t) => {
      await cache.remember('key', OPTIONS, () => 'value')
      await control.client('PAUSE', 10_000, 'WRITE')
      await setTimeout(LEASE + 10)
      t.equal(await control.ping(), 'PONG', 'it answers commands that do not write')
      t.equal(cache.lookup('key'), undefined)
      await control.client('UNPAUSE')
      t.equal(await cache.get('key'), 'value')
    })
  }
)

t.test('Sentinel promotes a replica that has not received everything', async (t) => {
  const master = await startRedis(t)
  const replica = await startRedis(t, '--replicaof', '127.0.0.1', `${master.port}`)
  await until('the replica follows', async () =>
    /master_link_status:up/.test(await replica.control.info('replication'))
  )
  const [port = 0] = await freePorts(1)
  const sentinel = await startNode(t, port, async (dir) => {
    const file = join(dir, 'sentinel.conf')
    await writeFile(
      file,
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${dir}`,
        `sentinel monitor main 127.0.0.1 ${master.port} 1`,
        'sentinel down-after-milliseconds main 500',
        'sentinel failover-timeout main 3000'
      ].join('\n')
    )
    return [file, '--sentinel']
  })
  await until('Sentinel knows the replica', async () => {
    const replicas = await sentinel.control.call('SENTINEL', 'replicas', 'main')
    return JSON.stringify(replicas).includes('"master-link-status","ok"')
  })

  const options = {
    sentinels: [{ host: '127.0.0.1', port }],
    name: 'main',
    sentinelRetryStrategy: () => 20
  }
  const client = connect(t, options)
  const a = await listeningInstance(t, client, { lease: LEASE })
  const b = await listeningInstance(t, connect(t, options), { lease: LEASE })
  await a.cache.remember('key', OPTIONS, () => 'old')
  t.equal(await b.cache.get('key'), 'old')
  await until('the replica has it', async () => await replica.control.exists('weir:n:{=key}') === 1)

  // The replica receives nothing more from its master.
  await master.control.call('ACL', 'SETUSER', 'default', '-psync')
  await master.control.call('CLIENT', 'KILL', 'TYPE', 'replica')
  await a.cache.invalidate(['tag'], { consistency: 'bounded' })
  const [cut, back] = [listening(false, 2), listening(true, 2)]
  await master.kill()
  await cut
  t.equal(await b.cache.remember('key', OPTIONS, () => 'computed'), 'computed', 'reads go on')
  await back
  t.match(await replica.control.role(), ['master'])
  t.equal(await replica.control.exists('weir:n:{=key}'), 1, 'it has the entry that was invalidated')
  for (const { cache } of [a, b]) t.equal(await cache.get('key'), undefined)

  t.equal(await a.cache.remember('key', OPTIONS, () => 'new'), 'new')
  t.equal(await b.cache.get('key'), 'new')
  await hearsAgain(t, a, b)
})
