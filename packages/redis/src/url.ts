import { RedisError } from './errors.js'

interface Endpoint { readonly host: string, readonly port: number }

/** Where Redis is, by a URL. `server` is what of it may be shown: neither user nor password. */
export type RedisAddress = { readonly server: string } & (
  | { readonly kind: 'server'; readonly url: string }
  | {
    readonly kind: 'sentinel'
    readonly sentinels: Endpoint[]
    readonly name: string
    readonly db: number
    readonly login: Login
  }
  | { readonly kind: 'cluster'; readonly nodes: Endpoint[]; readonly login: Login }
)

/** How Redis itself, not Sentinel, is to be talked to. */
interface Login {
  readonly username?: string
  readonly password?: string
  readonly tls?: Record<string, never>
}

// Several hosts: what the URL parser of the platform does not take.
const SEVERAL = /^(rediss?)\+(cluster|sentinel):\/\/(?:([^@/?#]*)@)?([^@/?#]*)(\/[^?#]*)?$/

/**
 * Checks a Redis URL. ioredis takes any string for a host or a path and would fail later, far from
 * the setting that is wrong.
 * @throws RedisError WEIR_REDIS_URL
 */
export function parseRedisUrl (url: string): RedisAddress {
  if (typeof url !== 'string' || url === '') throw new RedisError('WEIR_REDIS_URL', 'there is none')
  // The URL parser of the platform leaves it out, and ioredis does not.
  if (/[\s\p{Cc}]/u.test(url)) {
    throw new RedisError(
      'WEIR_REDIS_URL',
      'it has white space in it, or a control character: remove it, or write it as %20'
    )
  }
  // ioredis takes //user:password@host for a URL, and the query of a path for options, such as a
  // password.
  if (url.startsWith('//')) throw new RedisError('WEIR_REDIS_URL', 'it begins with //')
  if (url.startsWith('/')) return { kind: 'server', url, server: url.split('?', 1)[0] ?? '' }
  const several = SEVERAL.exec(url)
  if (several !== null) return parseSeveral(several)
  if (!URL.canParse(url)) throw new RedisError('WEIR_REDIS_URL', 'this is no URL')
  const { protocol, hostname, host, pathname, username, password } = new URL(url)
  if (protocol !== 'redis:' && protocol !== 'rediss:') {
    throw new RedisError('WEIR_REDIS_URL', `it begins with ${schemeOf(url)}`)
  }
  if (hostname === '') throw new RedisError('WEIR_REDIS_URL', 'it has no host')
  decode(username)
  decode(password)
  if (!/^(\/\d*)?$/.test(pathname)) {
    throw new RedisError('WEIR_REDIS_URL', 'its path is not the number of a database')
  }
  return { kind: 'server', url, server: host }
}

/** Text before a colon alone may be a user or a password. */
const schemeOf = (url: string): string => /^[a-z][a-z\d+.-]*:\/\//i.exec(url)?.[0] ?? 'no scheme'

function parseSeveral ([
  ,
  scheme,
  kind,
  userinfo,
  server = '',
  path = ''
]: RegExpExecArray): RedisAddress {
  const login = { ...credentials(userinfo), ...(scheme === 'rediss' && { tls: {} }) }
  if (kind === 'cluster') {
    if (path !== '' && path !== '/') {
      throw new RedisError('WEIR_REDIS_URL', 'a cluster has no numbered databases')
    }
    return { kind, server, nodes: endpoints(server, 6379), login }
  }
  const [, name = '', db = '0'] = /^\/([^/]+)(?:\/(\d+))?$/.exec(path) ?? []
  if (name === '') {
    throw new RedisError(
      'WEIR_REDIS_URL',
      'its path is not the name of the master that Sentinel watches, and perhaps the number of a database'
    )
  }
  return {
    kind: 'sentinel',
    server: `${server}/${name}`,
    sentinels: endpoints(server, 26379),
    name: decode(name),
    db: Number(db),
    login
  }
}

function endpoints (list: string, defaultPort: number): Endpoint[] {
  return list.split(',').map((text) => {
    // For a scheme without a default port it keeps whichever is given.
    const url = `redis://${text}`
    if (!URL.canParse(url)) {
      throw new RedisError('WEIR_REDIS_URL', 'its hosts are not a list of host:port')
    }
    const { hostname, port } = new URL(url)
    if (hostname === '') throw new RedisError('WEIR_REDIS_URL', 'it has no host')
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? defaultPort : Number(port)
    }
  })
}

function credentials (userinfo = ''): Login {
  const [username = '', ...password] = userinfo.split(':')
  return {
    ...username !== '' && { username: decode(username) },
    ...password.length > 0 && { password: decode(password.join(':')) }
  }
}

function decode (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new RedisError('WEIR_REDIS_URL', 'a % in it is not an encoded character')
  }
}
