import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import { type FastifyInstance } from 'fastify'
import { STATS_ERR_NO_CONSOLE } from './errors.js'

/** Built by `npm run build`; found through the package, so that a bundle of a service finds it. */
const FOLDER = fileURLToPath(new URL('.', import.meta.resolve('@weir/console/ui/index.html')))

/**
 * The pages and what belongs to them come from here and nothing else does; nothing in them is
 * inline.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'"
].join('; ')

/** Serves the console at `/`, or says there that it has to be built. */
export async function registerPages (app: FastifyInstance, folder = FOLDER): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/', { schema: { hide: true } }, () => { throw new STATS_ERR_NO_CONSOLE() })
    return
  }
  await app.register(fastifyStatic, {
    root: folder,
    decorateReply: false,
    // A route for each file that is there, so that all else is a 404 as anywhere.
    wildcard: false,
    // Asked for each time, and mostly answered 304.
    cacheControl: false,
    setHeaders (reply) {
      reply.header('cache-control', 'no-cache').header('content-security-policy', POLICY)
    }
  })
}
