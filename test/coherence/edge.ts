import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { startVarnish, type TestVarnish } from '@weir/internal/testing'
import { Pool } from 'undici'
import { EDGE_SECRET } from './edge-secret.js'
import type { Instance } from './fleet.js'
import type { Teardowns } from './teardowns.js'

const VCL = fileURLToPath(new URL('../../../packages/edge/varnish', import.meta.url))

/** A Varnish before all instances, whichever of them are up. */
export class EdgeFront {
  /** Instances, in whose turn requests are passed on. */
  instances: readonly Instance[] = []
  readonly name = 'varnish'
  readonly up: Promise<unknown> = Promise.resolve()
  readonly pool: Pool
  #turn = 0

  private constructor (readonly varnish: TestVarnish, teardowns: Teardowns) {
    this.pool = new Pool(varnish.url, { connections: 64, headersTimeout: 20_000 })
    teardowns.add(() => this.pool.destroy())
  }

  static async start (teardowns: Teardowns): Promise<EdgeFront> {
    const server = createServer((request, response) => {
      front.#pass(request.url ?? '/', request.headers).then(async ({ statusCode, headers, body }) => {
        response.writeHead(statusCode, headers)
        await pipeline(body, response)
      }).catch(() => {
        // No instance answers: Varnish passes the failure on and stores nothing.
        if (response.headersSent) response.destroy()
        else response.writeHead(503, { 'cache-control': 'no-store' }).end()
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    teardowns.add(() => {
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    const port = typeof address === 'object' ? address?.port ?? 0 : 0
    const teardown = (end: () => unknown) => { teardowns.add(async () => { await end() }) }
    const varnish = await startVarnish({ teardown }, {
      vclDir: VCL,
      vcl: `
        vcl 4.1;
        import std;
        backend default { .host = "127.0.0.1"; .port = "${port}"; }
        acl weir_purgers { "127.0.0.1"; }
        sub weir_secret { set req.http.weir-expected = "${EDGE_SECRET}"; }
        include "weir.vcl";
      `
    })
    const front = new EdgeFront(varnish, teardowns)
    return front
  }

  async #pass (path: string, headers: Record<string, string | string[] | undefined>) {
    const up = this.instances.filter(({ pool }) => pool !== undefined)
    const chosen = up[this.#turn++ % Math.max(1, up.length)]
    if (chosen?.pool === undefined) throw new Error('no instance is up')
    const { connection: _, host: __, ...others } = headers
    return chosen.pool.request({ method: 'GET', path, headers: others })
  }
}
