import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'

const SCRIPT = fileURLToPath(new URL('../../docker/redis-cluster', import.meta.url))
const SIZE = 6
// Loopback addresses with the same port stand in for a network of containers. Below the range of
// ephemeral ports, as is the port of the cluster bus, 10,000 above.
const PORT = 20_000 + process.pid % 2000
const NETWORK = `127.${50 + process.pid % 100}.0`

t.setTimeout(120_000)

/** A container of the service: its address, and a process to kill. */
async function startNode (t: Test, index: number) {
  const address = `${NETWORK}.${index + 1}`
  const dir = join(t.testdirName, address)
  await mkdir(dir, { recursive: true })
  const server = spawn('redis-server', [
    '--port', `${PORT}`, '--bind', address, '--bind-source-addr', address, '--dir', dir,
    '--save', '', '--appendonly', 'no', '--protected-mode', 'no',
    '--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'
  ], { stdio: ['ignore', 'ignore', 'inherit'] })
  const exited = once(server, 'exit')
  const control = new Redis({ host: address, port: PORT, retryStrategy: () => 50 })
  control.on('error', () => {})
  const kill = async () => {
    control.disconnect()
    server.kill('SIGKILL')
    await exited
  }
  t.teardown(kill)
  await control.ping()
  return { address, dir, control, kill }
}

/** Starts the script as its container does, and returns a function that waits for its next line. */
async function startKeeper (t: Test) {
  const bin = join(t.testdirName, 'bin')
  await mkdir(bin, { recursive: true })
  const lines = Array.from({ length: SIZE }, (_, i) => `echo ${NETWORK}.${i + 1} STREAM`)
  await writeFile(join(bin, 'getent'), ['#!/bin/sh', ...lines].join('\n'))
  await chmod(join(bin, 'getent'), 0o755)
  const keeper = spawn('sh', [SCRIPT], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PATH: `${bin}:${process.env.PATH}`,
      PORT: `${PORT}`,
      SIZE: `${SIZE}`,
      EVERY: '1',
      REBUILD_AFTER: '6',
      HEALTHY: join(t.testdirName, 'healthy')
    }
  })
  const exited = once(keeper, 'exit')
  t.teardown(async () => {
    keeper.kill('SIGKILL')
    await exited
  })
  const said: string[] = []
  createInterface({ input: keeper.stdout }).on('line', (line) => said.push(line))
  return async (pattern: RegExp) => {
    for (;;) {
      const line = said.shift()
      if (line === undefined) await delay(20)
      else if (pattern.test(line)) return line
    }
  }
}

t.test('nodes form a cluster, and do so again after some have come back empty', async (t) => {
  t.testdir({})
  const nodes = await Promise.all(Array.from({ length: SIZE }, (_, i) => startNode(t, i)))
  const says = await startKeeper(t)
  await says(/creating a cluster/)
  await says(/the cluster is healthy/)

  /** Kills nodes and starts others in their places, which do not know the cluster. */
  const replace = async (indexes: readonly number[]) => {
    for (const i of indexes) await nodes[i]?.kill()
    for (const i of indexes) {
      await rm(join(nodes[i]?.dir ?? '', 'nodes.conf'))
      nodes[i] = await startNode(t, i)
    }
  }
  const whole = async () => {
    const states = await Promise.all(nodes.map(({ control }) => control.cluster('INFO')))
    return states.every((state) => state.includes('cluster_state:ok') &&
      state.includes(`cluster_known_nodes:${SIZE}`))
  }

  await t.test('a master: its replica takes over, and it becomes a replica', async (t) => {
    await replace([0])
    await says(/the cluster is not healthy/)
    await says(/adding/)
    await says(/a replica of/)
    await says(/the cluster is healthy/)
    t.ok(await whole())
  })

  await t.test('a master and its replica: the cluster is recreated', async (t) => {
    const text = String(await nodes[1]?.control.cluster('NODES'))
    const view = text.trim().split('\n').map((line) => line.split(' '))
    const [master] = view.filter(([, , flags]) => flags?.includes('master'))
    const pair = view.filter(([id, , , masterId]) => id === master?.[0] || masterId === master?.[0])
    t.equal(pair.length, 2)
    const addresses = pair.map(([, address]) => address?.split(':')[0])
    await replace(nodes.flatMap(({ address }, i) => addresses.includes(address) ? [i] : []))
    await says(/the cluster is not healthy/)
    await says(/recreating it/)
    await says(/the cluster is healthy/)
    t.ok(await whole())
  })
})
