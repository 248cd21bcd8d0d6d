import { join } from 'node:path'
import t, { type Test } from 'tap'
import { access, editor } from './support/access.js'
import { build } from './support/build.js'
import { connect } from './support/database.js'
import { end, startProgram } from './support/process.js'
import { tempDir } from './support/temp-dir.js'

/** Starts an instance in a process of its own, listening. */
async function start (t: Test, directory: string) {
  const server = startProgram(t, 'src/server.js', [], {
    ...access,
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: directory,
    LOG_LEVEL: 'warn',
    REDIS_URL: undefined
  })
  server.stdout?.resume()
  server.stderr?.pipe(process.stderr)
  const message = await new Promise<unknown>((resolve, reject) => {
    server.once('message', resolve)
    server.once('exit', (code) => { reject(new Error(`It ended with ${code}`)) })
  })
  if (typeof message !== 'object' || message === null || !('port' in message)) {
    throw new Error(`Not ready: ${JSON.stringify(message)}`)
  }
  return { server, url: `http://127.0.0.1:${String(message.port)}` }
}

async function patch (url: string, price: number, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'PATCH',
    headers: { ...editor, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ price })
  })
  return {
    status: response.status,
    etag: response.headers.get('etag') ?? '',
    body: await response.text()
  }
}

t.test('of writers in two processes that read the same version, one succeeds each time', async (t) => {
  const directory = await tempDir(t)
  const [a, b] = await Promise.all([start(t, directory), start(t, directory)])
  let etag = '"1-1"'
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(
      [a, b, a, b].map(({ url }, writer) =>
        patch(`${url}/api/products/1`, round * 10 + writer, { 'if-match': etag })
      )
    )
    t.same(answers.map(({ status }) => status).sort(), [200, 412, 412, 412])
    etag = answers.find(({ status }) => status === 200)?.etag ?? ''
    t.equal(etag, `"1-${round + 2}"`)
  }
})

t.test(
  'an instance killed during writes keeps what it acknowledged, and the other continues',
  async (t) => {
    const directory = await tempDir(t)
    const [a, b] = await Promise.all([start(t, directory), start(t, directory)])
    const acknowledged: number[] = []
    const writes = Array.from({ length: 8 }, async (_, writer) => {
      const id = writer + 1
      for (let price = 1; ; price++) {
        const { status } = await patch(`${a.url}/api/products/${id}`, price)
        if (status !== 200) throw new Error(`Answered ${status}`)
        acknowledged[id] = price
        // The others are still writing when the process is killed.
        if (writer === 0 && price === 25) await end(a.server)
      }
    })
    for (const outcome of await Promise.allSettled(writes)) {
      t.match(outcome, { status: 'rejected', reason: { message: 'fetch failed' } })
    }

    const sql = connect(t, join(directory, 'catalog.db'))
    t.equal(sql.pragma('integrity_check', { simple: true }), 'ok')
    for (const [id, price] of acknowledged.entries()) {
      if (price === undefined) continue
      const kept = Number(sql.prepare('select price from products where id = ?').pluck().get(id))
      t.ok(
        kept === price || kept === price + 1,
        `product ${id}: ${price} acknowledged, ${kept} kept`
      )
    }
    t.equal((await patch(`${b.url}/api/products/1`, 5)).status, 200)
  }
)

t.test('a writer in another process delays writes, not reads, and not forever', async (t) => {
  const directory = await tempDir(t)
  const app = await build(t, directory)
  const other = connect(t, join(directory, 'catalog.db'))
  other.exec('begin immediate')
  const write = app.inject({
    method: 'PATCH',
    path: '/api/products/1',
    headers: editor,
    payload: { price: 1 }
  })
  t.equal((await app.inject('/api/products/2')).statusCode, 200)
  other.exec('commit')
  t.equal((await write).statusCode, 200)

  other.exec('begin immediate')
  const refused = await app.inject({
    method: 'PATCH',
    path: '/api/products/1',
    headers: editor,
    payload: { price: 2 }
  })
  t.equal(refused.statusCode, 503)
  t.match(refused.json(), { code: 'CATALOG_ERR_BUSY' })
  t.ok(Number(refused.headers['retry-after']) > 0)
  t.match((await app.inject('/api/products/1')).json(), { price: 1 })
})
