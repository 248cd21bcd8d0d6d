import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { TestPostgres } from './postgres.js'
import type { Teardown } from './redis.js'

/** A port on 127.0.0.1 that leads to one server at a time, like HAProxy or a Kubernetes Service. */
export interface PostgresAddress {
  /** Leads to `database` of the server that `leadTo` named last. */
  readonly url: string
  /** Ends all connections and leads to another server from now on. */
  leadTo (server: TestPostgres): void
}

/** Starts an address that leads to the given server first. */
export async function startPostgresAddress (
  t: Teardown, { user, database, host }: TestPostgres
): Promise<PostgresAddress> {
  let current = host
  const sockets = new Set<Socket>()
  const endAll = () => { for (const socket of sockets) socket.destroy() }
  const server = createServer((client) => {
    const upstream = connect(`${current}/.s.PGSQL.5432`)
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => { to.destroy() })
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    endAll()
    server.close()
  })
  const bound = server.address()
  const port = typeof bound === 'object' ? bound?.port : undefined
  return {
    url: `postgres://${user}@127.0.0.1:${port}/${database}`,
    leadTo (next) {
      current = next.host
      endAll()
    }
  }
}
