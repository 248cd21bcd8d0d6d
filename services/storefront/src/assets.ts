import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type FastifyInstance } from 'fastify'
import { LAB_LOAD } from './programs.js'

const FOLDER = fileURLToPath(new URL('../../assets', import.meta.url))
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml'
}

/**
 * Asset, a file of `assets` or a compiled one, under a path with its hash, such as
 * `/shop/assets/shop-1f3c9a2b7d.css`.
 */
interface Asset {
  readonly path: string
  readonly type: string
  readonly etag: string
  readonly content: Buffer
}

/** Assets by file name. */
export type Assets = ReadonlyMap<string, Asset>

/** Reads all assets. */
export async function loadAssets (): Promise<Assets> {
  const names = (await readdir(FOLDER)).sort()
  const files = await Promise.all(
    names.map(async (name) => assetOf(name, await readFile(join(FOLDER, name))))
  )
  const load = await readFile(LAB_LOAD, 'utf8')
  // The source map is not served.
  return new Map([
    ...files,
    assetOf('lab-load.js', Buffer.from(load.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n')))
  ])
}

function assetOf (name: string, content: Buffer): [string, Asset] {
  const extension = extname(name)
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10)
  const path = `/shop/assets/${name.slice(0, -extension.length)}-${hash}${extension}`
  return [
    name,
    { path, type: TYPES[extension] ?? 'application/octet-stream', etag: `"${hash}"`, content }
  ]
}

/** Serves immutable assets: a new version has a new path, so that browsers never revalidate. */
export function serveAssets (app: FastifyInstance, assets: Assets): void {
  for (const { path, type, etag, content } of assets.values()) {
    app.get(path, {
      schema: { hide: true },
      config: { cacheControl: { public: true, maxAge: '365d', immutable: true } }
    }, async (_request, reply) => reply.header('etag', etag).type(type).send(content))
  }
}
