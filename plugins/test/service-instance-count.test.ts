import { mock } from 'node:test'
import { fastify } from 'fastify'
import t from 'tap'
import { instanceCount } from '../service/index.js'

t.test('INSTANCES, without a name', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  const count = instanceCount(app, { INSTANCES: 3 }, () => {
    throw new Error('no instance may be asked')
  })
  await app.ready()
  t.equal(count(), 3)
})

t.test('the number of addresses of the name, looked up repeatedly, one at a time', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  const app = fastify()
  t.teardown(() => app.close())
  const asked: { answer: (addresses: string[]) => void, fail: (error: Error) => void }[] = []
  const count = instanceCount(
    app,
    { INSTANCES: 1, INSTANCES_DNS: 'catalog' },
    async (name: string) => {
      t.equal(name, 'catalog')
      return new Promise<string[]>((resolve, reject) => {
        asked.push({ answer: resolve, fail: reject })
      })
    }
  )
  const settled = () => new Promise((resolve) => { setImmediate(resolve) })

  await app.ready()
  t.equal(asked.length, 1)
  t.equal(count(), 1, 'until it is known')
  mock.timers.tick(5000)
  t.equal(asked.length, 1, 'the first lookup is still pending')
  asked[0]?.answer(['10.0.0.1', '10.0.0.2'])
  await settled()
  t.equal(count(), 2)

  mock.timers.tick(5000)
  asked[1]?.fail(new Error('ENOTFOUND'))
  await settled()
  t.equal(count(), 2, 'the last known number')
  mock.timers.tick(5000)
  asked[2]?.answer(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'])
  await settled()
  t.equal(count(), 4)

  await app.close()
  mock.timers.tick(5000)
  t.equal(asked.length, 3, 'no lookups after closing')
})
