import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { basename } from 'node:path'
import type { Tarball } from './pack.js'

/** A local npm registry that runs until it is closed. */
export interface LocalRegistry {
  /** URL of the registry, with a trailing slash. */
  readonly url: string
  close (): Promise<void>
}

/**
 * Serves tarballs as a registry would, so that a package manager installs unpublished packages by
 * name. Redirects all other requests to `upstream`.
 */
export async function serveTarballs (
  tarballs: readonly Tarball[],
  upstream: string
): Promise<LocalRegistry> {
  let url = ''
  const files = new Map(tarballs.map(({ file }) => [`/-/${basename(file)}`, file]))
  const byName = new Map(tarballs.map((tarball) => [tarball.workspace.json.name, tarball]))
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/')
    const file = files.get(path)
    const tarball = byName.get(path.slice(1))
    if (file !== undefined) {
      createReadStream(file).pipe(response)
    } else if (tarball !== undefined) {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(documentOf(tarball, `${url}-/${basename(tarball.file)}`)))
    } else {
      response.writeHead(302, { location: new URL(`.${request.url ?? '/'}`, upstream).href }).end()
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the registry has no port')
  url = `http://127.0.0.1:${address.port}/`
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      })
  }
}

function documentOf ({ integrity, shasum, workspace: { json } }: Tarball, tarball: string): object {
  const { name, version } = json
  return {
    name,
    'dist-tags': { latest: version },
    versions: {
      [version]: {
        ...json,
        devDependencies: {},
        _id: `${name}@${version}`,
        dist: { tarball, integrity, shasum }
      }
    },
    time: { created: '2026-01-01T00:00:00.000Z', [version]: '2026-01-01T00:00:00.000Z' }
  }
}
