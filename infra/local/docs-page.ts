import { type FastifyInstance } from 'fastify'

/** A service whose API is described. */
export interface DescribedService {
  readonly name: string
  /** The subject of its API, for the list of all. */
  readonly docs: string
}

/** The page allows nothing but its own style. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

/** Every service at `/docs`: the page that lists their API descriptions. */
export function docsPage (services: readonly DescribedService[]): string {
  const items = services.map(
    ({ name, docs }) =>
      `<li><a href="/docs/${name}/">${name}</a>: ${docs} (<a href="/docs/${name}/json">OpenAPI</a>)</li>`
  )
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<title>API descriptions · Weir</title>',
    '<style>:root{color-scheme:light dark}body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}</style>',
    '</head>',
    '<body>',
    '<main>',
    '<h1>API descriptions</h1>',
    '<ul>',
    ...items,
    '</ul>',
    '<p><a href="/">Console</a></p>',
    '</main>',
    '</body>',
    '</html>',
    ''
  ].join('\n')
}

/** The path of a service's own API description for one of the front door. */
export const ownDocs = (path: string): string => path.replace(/^\/docs\/[^/?]+/, '/docs')

/** Serves the list at `/docs`, and leads from `/docs/catalog` to the description below it. */
export function serveDocs (app: FastifyInstance, services: readonly DescribedService[]): void {
  const page = docsPage(services)
  for (const path of ['/docs', '/docs/']) {
    app.get(path, (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', POLICY)
        .header('x-content-type-options', 'nosniff')
        .header('cache-control', 'no-store')
        .send(page)
    )
  }
  for (const { name } of services) {
    // The page's own links are relative to its folder.
    app.get(`/docs/${name}`, (_request, reply) => reply.redirect(`/docs/${name}/`, 308))
  }
}
