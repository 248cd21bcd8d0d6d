import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '@weir/internal/testing'
import t, { type Test } from 'tap'
import { edgeDestinations } from '../src/edge.js'
import { build } from './support/build.js'
import { access, editor } from './support/access.js'
import { runProgram } from './support/process.js'
import { shop, twoProducts } from './support/shop.js'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const SECRET = 'the-secret-of-the-edge'

/** Runs the Varnish of the compose file, as its image does. */
async function startVarnish (t: Test, port: number, backend: string, state: string) {
  const env = {
    ...process.env,
    PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`,
    EDGE_SECRET: SECRET,
    BACKEND: backend,
    LISTEN: `127.0.0.1:${port}`,
    MEMORY: '16m',
    STATE: state,
    VCL_PATH: `${ROOT}infra/varnish:${ROOT}packages/edge/varnish`
  }
  const script = join(ROOT, 'infra/varnish/start')
  const child = spawn('sh', [script], { env, stdio: 'ignore', detached: true })
  const closed = once(child, 'close')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await closed
  })
  const check = () => spawn('sh', [script, '--check'], { env, stdio: 'ignore' })
  while ((await once(check(), 'close'))[0] !== 0) {
    if (child.exitCode !== null) throw new Error('Varnish did not start')
    await wait(100)
  }
}

t.test('Varnish before the catalog has what is written, and nothing older', async (t) => {
  const { directory, env, file } = await shop(t)
  const port = await freePort()
  const EDGE = `varnish://${SECRET}@127.0.0.1:${port}`
  const app = await build(t, directory, { ...access, EDGE })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  await startVarnish(t, port, new URL(address).host, join(directory, 'varnish'))
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { isHit: / /.test(response.headers.get('x-varnish') ?? ''), ...await response.json() as object }
  }
  const twice = async (path: string) => {
    await get(path)
    return get(path)
  }
  t.match(await twice('/api/products/1'), { isHit: true, id: 1 })
  t.match(await twice('/api/categories'), { isHit: true })
  const { headers } = await app.inject('/api/products/1')
  t.match(headers, { 'varnish-cache-control': 'max-age=86400', xkey: /product:1/ })

  const written = await app.inject({
    method: 'PATCH', url: '/api/products/1', headers: editor, payload: { stock: 77 }
  })
  t.strictSame([written.statusCode, written.headers['weir-edge']], [200, undefined])
  t.match(await get('/api/products/1'), { isHit: false, stock: 77 })
  t.match(await twice('/api/products/1'), { isHit: true, stock: 77 })

  const { code } = await runProgram(
    t, 'src/import/main.js', [await file('products.csv', twoProducts)], { ...env, EDGE })
  t.equal(code, 0)
  t.match(await get('/api/products/1'), { isHit: false }, 'an import purges everything')
})

t.test('without EDGE responses say nothing to an edge', async (t) => {
  const { directory } = await shop(t)
  const app = await build(t, directory)
  const { headers } = await app.inject('/api/products/1')
  t.notOk(headers['xkey'])
  t.notOk(headers['varnish-cache-control'])
})

t.test('several Varnish are one destination', async (t) => {
  const [varnish, ...others] = edgeDestinations(`varnish://${SECRET}@a:1,b.example:2`)
  t.equal(varnish?.name, 'varnish')
  t.strictSame(others, [])
})
