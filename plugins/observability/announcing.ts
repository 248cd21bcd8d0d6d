import {
  type AnnouncedRoute, type Announcement, boundedAnnouncement, isAnnouncedPath, isPublicUrl
} from '@weir/metrics'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { cacheAdminOf } from '../announced.js'
import { WEIR_ERR_PLUGIN_OPTION, WEIR_ERR_ROUTE_OPTION } from '../errors.js'
import { isOptions, unknownOption } from '../plugin-options.js'
import '../response-cache/index.js'

/** Facts about a service that its plugins do not know. */
export interface AnnounceOptions {
  /**
   * The address that clients reach the service at: an origin, perhaps with a path, such as
   * `https://shop.example/api`. Default: that of the console.
   */
  readonly publicUrl?: string
  /** Demonstrations of the console that the service takes part in: a path each, by name. */
  readonly demos?: Readonly<Record<string, string>>
}

const OPTIONS = ['publicUrl', 'demos']

/** Collects announced facts: routes when they are declared, the rest when all is ready. */
export class Announcing {
  readonly #options: AnnounceOptions
  readonly #routes: AnnouncedRoute[] = []
  #announcement: Announcement | undefined

  constructor (plugin: string, options: AnnounceOptions = {}) {
    check(plugin, options)
    this.#options = options
  }

  /** Takes a GET route that is cached or has examples. */
  add (route: RouteOptions): void {
    const { cache, examples } = route.config ?? {}
    checkExamples(route, examples)
    if (![route.method].flat().includes('GET')) return
    if (!cache && examples === undefined) return
    const derived = exampleOf(route)
    this.#routes.push({
      url: route.url,
      cached: Boolean(cache),
      examples: examples ?? (derived === undefined ? [] : [derived]),
      tags: cache && Array.isArray(cache.tags) ? cache.tags.filter(isPlain) : []
    })
  }

  /** Ends collecting: all plugins are registered. */
  finish (app: FastifyInstance): void {
    const { publicUrl, demos = {} } = this.#options
    const isCached = app.hasDecorator('responseCache')
    this.#announcement = boundedAnnouncement({
      ...(publicUrl !== undefined && { publicUrl }),
      ...(isCached && { namespace: app.responseCache.cache.namespace }),
      cacheAdmin: cacheAdminOf(app),
      demos,
      routes: this.#routes.map((route) => ({ ...route, cached: isCached && route.cached }))
    })
  }

  /** Undefined until the application is ready. */
  get announcement (): Announcement | undefined {
    return this.#announcement
  }
}

function check (plugin: string, options: AnnounceOptions): void {
  const refuse = (option: string, problem: string) =>
    new WEIR_ERR_PLUGIN_OPTION(plugin, option, problem)
  if (!isOptions(options)) throw refuse('announce', 'must be an object with publicUrl or demos')
  const unknown = unknownOption(options, OPTIONS)
  if (unknown !== undefined) throw refuse(`announce.${unknown.name}`, unknown.problem)
  const { publicUrl, demos } = options
  if (publicUrl !== undefined && (typeof publicUrl !== 'string' || !isPublicUrl(publicUrl))) {
    throw refuse(
      'announce.publicUrl',
      `must be an http(s) address without a final slash, like 'https://shop.example', not ${JSON.stringify(publicUrl)}`
    )
  }
  if (demos === undefined) return
  if (!isOptions(demos) || !Object.values(demos).every(isPath)) {
    throw refuse('announce.demos', "must have a path for each name, like { products: '/api' }")
  }
}

function checkExamples (route: RouteOptions, examples: unknown): void {
  if (examples === undefined || (Array.isArray(examples) && examples.every(isPath))) return
  throw new WEIR_ERR_ROUTE_OPTION(
    `${[route.method].flat().join()} ${route.url}`,
    'examples',
    `must be a list of paths, like ['/products?limit=20'], not ${JSON.stringify(examples)}`
  )
}

const isPath = (value: unknown): value is string =>
  typeof value === 'string' && isAnnouncedPath(value)

/** Whether a tag is the same for all responses of a route. */
const isPlain = (tag: unknown): tag is string => typeof tag === 'string' && !tag.includes('{')

/**
 * A URL of a route, of the examples and defaults in its schema; undefined where a part of it has
 * none.
 */
function exampleOf ({ url, schema }: RouteOptions): string | undefined {
  if (url.includes('*')) return undefined
  const params = propertiesOf(schema?.params)
  let isWhole = true
  const path = url.replace(/:(\w+)(?:\([^)]*\))?\??/g, (_, name: string) => {
    const value = valueOf(params[name])
    if (value === undefined) isWhole = false
    return encodeURIComponent(value ?? '')
  })
  const query = new URLSearchParams()
  for (const name of requiredOf(schema?.querystring)) {
    const value = valueOf(propertiesOf(schema?.querystring)[name])
    if (value === undefined) isWhole = false
    else query.set(name, value)
  }
  if (!isWhole) return undefined
  return query.size === 0 ? path : `${path}?${query.toString()}`
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

function propertiesOf (schema: unknown): Record<string, unknown> {
  const properties = isObject(schema) ? schema['properties'] : undefined
  return isObject(properties) ? properties : {}
}

function requiredOf (schema: unknown): string[] {
  const required = isObject(schema) ? schema['required'] : undefined
  return Array.isArray(required) ? required.map(String) : []
}

function valueOf (schema: unknown): string | undefined {
  if (!isObject(schema)) return undefined
  const { examples, default: ordinary } = schema
  const value: unknown = Array.isArray(examples) ? examples[0] : ordinary
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}
