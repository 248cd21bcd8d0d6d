import t from 'tap'
import { asEditor, startCatalog } from './support/catalog.js'
import { WITHOUT_PATIENCE } from './support/patience.js'
import { startRedis } from '@weir/internal/testing'
import { tempDir } from './support/temp-dir.js'

interface Product { price: number }

t.test(
  'Redis killed: reads and writes continue, and nothing older than a write is served, during or after',
  async (t) => {
    const dataDir = await tempDir(t)
    const redis = await startRedis(t)
    const instances = [
      await startCatalog(t, {
        dataDir,
        instance: 'a',
        redisUrl: redis.url,
        env: { LOG_LEVEL: 'silent', ...WITHOUT_PATIENCE }
      }),
      await startCatalog(t, {
        dataDir,
        instance: 'b',
        redisUrl: redis.url,
        env: { LOG_LEVEL: 'silent', ...WITHOUT_PATIENCE }
      })
    ] as const
    const read = async ({ url }: { url: string }) => {
      const response = await fetch(`${url}/api/products/7`)
      t.equal(response.status, 200)
      return ((await response.json()) as Product).price
    }
    const write = async ({ url }: { url: string }, price: number) => {
      const response = await fetch(`${url}/api/products/7`, {
        method: 'PATCH',
        headers: asEditor,
        body: JSON.stringify({ price })
      })
      t.equal(response.status, 200, 'the write is acknowledged')
    }
    const everybodySees = async (price: number) => {
      for (const instance of [...instances, ...instances]) t.equal(await read(instance), price)
    }

    await write(instances[0], 100)
    await everybodySees(100)
    await redis.kill()
    await everybodySees(100)
    await write(instances[0], 200)
    await everybodySees(200)
    await redis.restart()
    await everybodySees(200)
    await write(instances[1], 300)
    await everybodySees(300)

    // A frozen Redis keeps its entries: when it resumes, all of them are old.
    redis.freeze()
    await everybodySees(300)
    await write(instances[0], 400)
    await everybodySees(400)
    redis.thaw()
    await everybodySees(400)
    await write(instances[1], 500)
    await everybodySees(500)
  }
)

t.test('Redis absent at boot: the catalog starts, reads and writes', async (t) => {
  const dataDir = await tempDir(t)
  const { url } = await startCatalog(t, {
    dataDir,
    redisUrl: 'redis://127.0.0.1:1',
    env: { LOG_LEVEL: 'silent', ...WITHOUT_PATIENCE }
  })
  const first = await fetch(`${url}/api/products/7`)
  t.equal(first.status, 200)
  t.match(first.headers.get('cache-status'), /STORE_FAILED/)
  const written = await fetch(`${url}/api/products/7`, {
    method: 'PATCH', headers: asEditor, body: JSON.stringify({ price: 123 })
  })
  t.equal(written.status, 200)
  t.match(await (await fetch(`${url}/api/products/7`)).json(), { price: 123 })
})
