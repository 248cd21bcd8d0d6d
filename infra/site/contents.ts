/**
 * One page of the site: its title in the sidebar, and its file in the repository. Its section
 * determines its address.
 */
export interface Page {
  readonly text: string
  readonly file: string
  /** Last part of its address, if it differs from the file's name. */
  readonly name?: string
}

export interface Section {
  readonly text: string
  /** Folder of its pages' addresses; empty for the root. */
  readonly at: string
  readonly pages: readonly Page[]
}

const readme = (folder: string, text: string): Page => ({
  text,
  file: `${folder}/README.md`,
  name: text.replace('@weir/', '').toLowerCase().replaceAll(' ', '-')
})

/**
 * The pages of the site, in the order of the sidebar. Each file is one page; READMEs are read in
 * place.
 */
export const SECTIONS: readonly Section[] = [
  {
    text: 'Start',
    at: '',
    pages: [
      { text: 'Why Weir', file: 'docs/why.md' },
      { text: 'Quick start: your app', file: 'docs/quick-start.md' },
      { text: 'Quick start: the suite', file: 'docs/suite.md', name: 'quick-start-suite' },
      readme('examples', 'Examples'),
      { text: 'Coming from …', file: 'docs/features.md' },
      { text: 'Comparison', file: 'docs/comparison.md' }
    ]
  },
  {
    text: 'Guides',
    at: 'guides',
    pages: [
      { text: 'Sessions and signed-in users', file: 'docs/guides/sessions.md' },
      { text: 'Choosing ttl and tags', file: 'docs/guides/ttl-and-tags.md' },
      { text: 'Invalidation', file: 'docs/guides/invalidation.md' },
      { text: 'Stampedes', file: 'docs/guides/stampedes.md' },
      { text: 'Stale content', file: 'docs/guides/stale-content.md' },
      { text: 'Postgres', file: 'docs/guides/postgres.md' },
      { text: 'Rate limits', file: 'docs/guides/rate-limits.md' },
      { text: 'Compression', file: 'docs/guides/compression.md' },
      { text: 'CDNs and browsers', file: 'docs/guides/cdn-and-browsers.md' },
      { text: 'The edge: CDNs, Varnish, regions', file: 'docs/guides/edge.md' },
      { text: 'A proxy cache', file: 'docs/proxy.md' },
      { text: 'A whole strategy: the shop', file: 'docs/strategy.md' },
      { text: 'Testing', file: 'docs/guides/testing.md' },
      { text: 'Audit your app', file: 'docs/guides/audit.md' },
      { text: 'Observability', file: 'docs/guides/observability.md' },
      { text: 'Time travel', file: 'docs/guides/time-travel.md' },
      { text: 'Shadow mode', file: 'docs/guides/shadow-mode.md' },
      { text: 'Command line', file: 'docs/guides/cli.md' },
      { text: 'Sizing and capacity', file: 'docs/guides/sizing.md' },
      { text: 'Production checklist', file: 'docs/guides/production.md' },
      { text: 'Why was it not cached?', file: 'docs/guides/troubleshooting.md' },
      { text: 'Migrating', file: 'docs/guides/migrating.md' }
    ]
  },
  {
    text: 'Concepts',
    at: 'concepts',
    pages: [
      { text: 'Coherence', file: 'docs/concepts/coherence.md' },
      { text: 'The lease', file: 'docs/concepts/lease.md' },
      { text: 'The outbox', file: 'docs/concepts/outbox.md' },
      { text: 'What each store promises', file: 'docs/concepts/stores.md' }
    ]
  },
  {
    text: 'Reference',
    at: 'reference',
    pages: [
      readme('plugins', '@weir/fastify'),
      readme('packages/cache', '@weir/cache'),
      { text: 'Methods of @weir/cache', file: 'docs/methods.md' },
      readme('packages/query', '@weir/query'),
      readme('packages/outbox', '@weir/outbox'),
      readme('packages/edge', '@weir/edge'),
      readme('packages/limiter', '@weir/limiter'),
      readme('packages/http', '@weir/http'),
      readme('packages/metrics', '@weir/metrics'),
      readme('packages/console', '@weir/console'),
      readme('packages/audit', '@weir/audit'),
      readme('packages/sqlite', '@weir/sqlite'),
      readme('packages/postgres', '@weir/postgres'),
      readme('packages/redis', '@weir/redis'),
      readme('packages/create-weir', 'create-weir'),
      { text: 'Tested versions', file: 'docs/compatibility.md' },
      { text: 'Errors', file: 'docs/reference/errors.md' },
      { text: 'Metrics', file: 'docs/reference/metrics.md', name: 'metrics-exported' },
      { text: 'Events', file: 'docs/reference/events.md' },
      { text: 'Environment variables', file: 'docs/reference/environment.md' }
    ]
  },
  {
    text: 'HTTP, by the RFCs',
    at: 'http',
    pages: [
      { text: 'RFC 9111: caching', file: 'docs/rfc9111.md' },
      { text: 'RFC 9110: conditions, ranges', file: 'docs/rfc9110.md' },
      { text: 'RFC 9211: Cache-Status', file: 'docs/rfc9211.md' },
      { text: 'RFC 9213: targeted fields', file: 'docs/rfc9213.md' },
      { text: 'RFC 9875: groups', file: 'docs/rfc9875.md' },
      { text: 'No-Vary-Search', file: 'docs/no-vary-search.md' }
    ]
  },
  {
    text: 'Operations',
    at: 'operations',
    pages: [
      { text: 'Upgrades and mixed versions', file: 'docs/operations/upgrades.md' },
      { text: 'Backup and restore', file: 'docs/operations/backup.md' },
      { text: 'Runbook', file: 'docs/operations/runbook.md' },
      readme('infra/kubernetes', 'Kubernetes'),
      { text: 'One machine to several regions', file: 'docs/scale.md' },
      { text: 'Growth', file: 'docs/growth.md' }
    ]
  },
  {
    text: 'The suite',
    at: 'suite',
    pages: [
      readme('services/catalog', 'Catalog'),
      readme('services/weather', 'Weather'),
      readme('services/storefront', 'Storefront'),
      readme('services/stats', 'Stats'),
      readme('packages/console/ui', 'Console pages'),
      readme('infra', 'Containers'),
      readme('infra/upstream', 'Forecasts'),
      readme('infra/monitoring', 'Monitoring')
    ]
  },
  {
    text: 'Proof',
    at: 'proof',
    pages: [
      readme('test/coherence', 'Coherence checker'),
      readme('test/transparency', 'Transparency checker'),
      readme('test/model', 'Models'),
      readme('infra/bench', 'Benchmarks'),
      readme('infra/load', 'Load tests')
    ]
  },
  {
    text: 'Project',
    at: '',
    pages: [
      { text: 'README', file: 'README.md', name: 'overview' },
      { text: 'Changes', file: 'CHANGELOG.md', name: 'changes' },
      { text: 'Contributing', file: 'CONTRIBUTING.md', name: 'contributing' }
    ]
  }
]

/** The example apps, which have pages but no place in the sidebar. */
const EXAMPLES = [
  'express-and-node-http',
  'fragments',
  'memoize',
  'minimal',
  'nestjs',
  'news',
  'outbox-postgres',
  'proxy',
  'rate-limits',
  'serverless',
  'tasks'
]

const nameOf = ({ file, name }: Page) =>
  name ?? file.slice(file.lastIndexOf('/') + 1, -'.md'.length)

/**
 * The address of each page by its file, without leading slash and extension:
 * `packages/cache/README.md` is at `reference/cache`.
 */
export const ADDRESSES: ReadonlyMap<string, string> = new Map([
  ['docs/index.md', 'index'],
  ...SECTIONS.flatMap(({ at, pages }) =>
    pages.map((page): [string, string] => [
      page.file,
      at === '' ? nameOf(page) : `${at}/${nameOf(page)}`
    ])
  ),
  ...EXAMPLES.map((name): [string, string] => [`examples/${name}/README.md`, `examples/${name}`])
])
