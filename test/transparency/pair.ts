import { join } from 'node:path'
import type { Certificate } from '@weir/internal/testing'
import { type Client, http1Client, http2Client } from './client.js'
import { startProxy } from './nginx.js'
import type { Order, Subject } from './subject.js'
import type { Transport } from './transports.js'
import { startTwin, type Twin } from './twin.js'
import { within } from './within.js'

// Milliseconds.
const CLOSING = 2000

/** The way both twins are built and reached. */
export interface Setting {
  readonly subject: Subject
  readonly transport: Transport
  readonly order: Order
  readonly isConditional: boolean
}

/** Both twins, each with a client. */
export interface Twins {
  readonly plain: Client
  readonly weir: Client
  readonly stop: () => Promise<void>
}

/** Starts both twins and the proxies in front of them. */
export async function startTwins (
  setting: Setting,
  certificate: Certificate,
  folder: string
): Promise<Twins> {
  const apps: Twin[] = []
  for (const isCached of [false, true]) {
    apps.push(await startTwin({ ...setting, isCached, certificate }))
  }
  const ports = apps.map(({ port }) => port)
  const proxy =
    setting.transport === 'nginx'
      ? await startProxy(join(folder, `nginx-${ports.join('-')}`), ports)
      : undefined
  const [plain, weir] = ports.map((port, i) => {
    const socketPath = proxy?.sockets[i]
    if (setting.transport === 'http2') return http2Client({ port })
    return http1Client(
      socketPath === undefined ? { port } : { socketPath },
      setting.transport === 'tls'
    )
  })
  if (plain === undefined || weir === undefined) throw new Error('two twins have two clients')
  return {
    plain,
    weir,
    async stop () {
      plain.close()
      weir.close()
      await proxy?.stop()
      // Upgraded connections may keep an application from closing.
      for (const app of apps) await within(CLOSING, app.close(), undefined)
    }
  }
}
