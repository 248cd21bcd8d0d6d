import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import { type FastifyInstance } from 'fastify'
import { STATS_ERR_NO_CONSOLE } from './errors.js'

/** Built by `npm run build`. Resolved through the package, so that a bundled service finds it. */
const FOLDER = fileURLToPath(new URL('.', import.meta.resolve('@weir/console/ui/index.html')))

/** Options of the pages. */
export interface PagesOptions {
  /** The folder of the built pages. Default: the one in the package. */
  readonly folder?: string
  /** Additional origins that pages may send requests to. Default: none. */
  readonly origins?: () => readonly string[]
}

/** Serves the pages at the root of this scope, or an error that explains how to build them. */
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
      // One route per existing file, so that other paths get the usual 404.
      wildcard: false,
      // Clients revalidate on each request, and mostly receive 304.
      cacheControl: false,
      setHeaders (reply) {
        reply
          .header('cache-control', 'private, no-cache')
          // Set last, to replace the application's own policy, which would block the pages.
          .header('content-security-policy', policy(origins()))
          .header('x-content-type-options', 'nosniff')
      }
    })
  })
}

const SCRIPT = "location.replace(location.pathname + '/' + location.search + location.hash)"
const SCRIPT_HASH = `sha256-${createHash('sha256').update(SCRIPT).digest('base64')}`

/**
 * Leads browsers to the address with a final slash: links in the page are relative to it
 * (/console/).
 */
function addSlash (app: FastifyInstance): void {
  const roots = [app.prefix, `${app.prefix}/`]
  app.addHook('preHandler', async (request, reply) => {
    const [path = ''] = request.originalUrl.split('?')
    if (path.endsWith('/') || !roots.includes(request.routeOptions.url ?? '')) return
    // A proxy in front may replace the path, so only the browser knows the address to add to.
    return reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'private, no-cache')
      .header('content-security-policy', `default-src 'none'; script-src '${SCRIPT_HASH}'`)
      .send(`<!doctype html><title>Weir</title><script>${SCRIPT}</script>`)
  })
}

/** Scripts, styles and images come from the application itself; pages contain nothing inline. */
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
