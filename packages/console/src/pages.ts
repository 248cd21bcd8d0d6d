import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import { type FastifyInstance } from 'fastify'
import { STATS_ERR_NO_CONSOLE } from './errors.js'

/** Built by `npm run build`; found through the package, so that a bundle of a service finds it. */
const FOLDER = fileURLToPath(new URL('.', import.meta.resolve('@weir/console/ui/index.html')))

/** Options of the pages. */
export interface PagesOptions {
  /** The folder of the built pages. Default: that of the package. */
  readonly folder?: string
  /** Origins besides their own that pages may send requests to. Default: none. */
  readonly origins?: () => readonly string[]
}

/** Serves the pages at the root of this scope, or an error that says how to build them. */
export async function registerPages (
  app: FastifyInstance,
  { folder = FOLDER, origins = () => [] }: PagesOptions = {}
): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/', { schema: { hide: true } }, () => { throw new STATS_ERR_NO_CONSOLE() })
    return
  }
  await app.register(async (pages) => {
    addSlash(pages)
    await pages.register(fastifyStatic, {
      root: folder,
      decorateReply: false,
      // A route for each file that is there, so that all else is a 404 as anywhere.
      wildcard: false,
      // Clients ask each time, and are mostly answered 304.
      cacheControl: false,
      setHeaders (reply) {
        reply
          .header('cache-control', 'private, no-cache')
          // Set last: in place of the application's own, which would not let the pages work.
          .header('content-security-policy', policy(origins()))
          .header('x-content-type-options', 'nosniff')
      }
    })
  })
}

/** Addresses in the page are relative, so its own has to end with a slash: /console/. */
function addSlash (app: FastifyInstance): void {
  const roots = [app.prefix, `${app.prefix}/`]
  app.addHook('preHandler', async (request, reply) => {
    const [path = '', ...query] = request.originalUrl.split('?')
    if (path.endsWith('/') || !roots.includes(request.routeOptions.url ?? '')) return
    // Relative: a proxy in front may have the application below a path of its own.
    const last = path.slice(path.lastIndexOf('/') + 1)
    return reply.redirect(['./' + last + '/', ...query].join('?'))
  })
}

/** Scripts, styles and images come from the application itself; nothing in pages is inline. */
const policy = (origins: readonly string[]): string => [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  ["connect-src 'self'", ...origins].join(' '),
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'"
].join('; ')
