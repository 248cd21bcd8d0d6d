/**
 * Names that an example may use undeclared because its page has introduced them, and the
 * declaration of each.
 */
const GIVENS: Readonly<Record<string, string>> = {
  app: `
    import type {} from '@weir/fastify/response-cache'
    import type {} from '@weir/fastify/cache-control'
    import type {} from '@weir/fastify/invalidation'
    import type {} from '@weir/fastify/rate-limit'
    import type {} from '@weir/fastify/conditional'
    import type {} from '@weir/fastify/auth'
    declare const app: import('fastify').FastifyInstance`,
  responseCache: "import responseCache from '@weir/fastify/response-cache'",
  invalidation: "import invalidation from '@weir/fastify/invalidation'",
  conditional: "import conditional from '@weir/fastify/conditional'",
  store: "declare const store: import('@weir/cache').Store",
  cache: "declare const cache: import('@weir/cache').Cache<Product>",
  redis: "declare const redis: import('ioredis').Redis",
  sqlite: "declare const sqlite: import('better-sqlite3').Database",
  db: "declare const db: import('kysely').Kysely<{ products: Product } & import('@weir/outbox').OutboxSchema>",
  fetchProduct: 'declare function fetchProduct (id: string): Promise<Product>',
  products: 'declare const products: Map<string, Product>'
}

const PRODUCT = 'interface Product { id: string, name: string, price: number, updatedAt: Date }'

/**
 * Appends declarations of undeclared names to an example, so that line numbers stay the same. A
 * name counts as declared if the example imports it, declares it, or takes it as a parameter.
 */
export function withGivens (code: string): string {
  // `shop.products` is a member of another object; `...products` is a use.
  const uses = (name: string) =>
    new RegExp(`(?<![\\w'"\`/-]|(?<!\\.\\.)\\.)${name}(?![\\w'"\`-]|\\s*:)`).test(code)
  const declares = (name: string) =>
    new RegExp(
      `(?:const|let|function|class|interface|type)\\s+(?:\\{[^}]*)?\\b${name}\\b|import[^']*\\b${name}\\b`
    ).test(code)
  const missing = Object.keys(GIVENS)
    .filter((name) => uses(name) && !declares(name))
    .map((name) => GIVENS[name] ?? '')
  const all = [code, ...missing].join('\n')
  return `${all}\n${/\bProduct\b/.test(all) && !declares('Product') ? PRODUCT : ''}\nexport {}\n`
}
