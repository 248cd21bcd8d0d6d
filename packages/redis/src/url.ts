import { RedisError } from './errors.js'

interface Endpoint { readonly host: string, readonly port: number }

/** The address of Redis, from a URL. `server` is the displayable part: no user, no password. */
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

/** Connection details of Redis itself, not of Sentinel. */
interface Login {
  readonly username?: string
  readonly password?: string
  readonly tls?: Record<string, never>
}

// URLs with several hosts, which the platform's URL parser rejects.
const SEVERAL = /^(rediss?)\+(cluster|sentinel):\/\/(?:([^@/?#]*)@)?([^@/?#]*)(\/[^?#]*)?$/

/**
 * Validates a Redis URL. ioredis accepts any string as a host or path and would fail later, far
 * from the incorrect setting.
 * @throws RedisError WEIR_REDIS_URL
 */
export function parseRedisUrl (url: string): RedisAddress {
  if (typeof url !== 'string' || url === '') throw new RedisError('WEIR_REDIS_URL', 'it is missing')
  // The platform's URL parser removes such characters, ioredis does not.
  if (/[\s\p{Cc}]/u.test(url)) {
    throw new RedisError(
      'WEIR_REDIS_URL',
      'it contains white space or a control character: remove it, or write it as %20'
    )
  }
  // ioredis parses //user:password@host as a URL, and the query of a path as options, such as a
  // password.
  if (url.startsWith('//')) throw new RedisError('WEIR_REDIS_URL', 'it begins with //')
  if (url.startsWith('/')) return { kind: 'server', url, server: url.split('?', 1)[0] ?? '' }
  const several = SEVERAL.exec(url)
  if (several !== null) return parseSeveral(several)
  if (!URL.canParse(url)) throw new RedisError('WEIR_REDIS_URL', 'it is not a URL')
  const { protocol, hostname, host, pathname, username, password } = new URL(url)
  if (protocol !== 'redis:' && protocol !== 'rediss:') {
    throw new RedisError('WEIR_REDIS_URL', `it begins with ${schemeOf(url)}`)
  }
  if (hostname === '') throw new RedisError('WEIR_REDIS_URL', 'it has no host')
  decode(username)
  decode(password)
  if (!/^(\/\d*)?$/.test(pathname)) {
    throw new RedisError('WEIR_REDIS_URL', 'its path is not a database number')
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
      'its path is not the name of the master that Sentinel monitors, optionally followed by a database number'
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
    // The parser keeps any explicit port for a scheme without a default one.
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
    throw new RedisError('WEIR_REDIS_URL', 'it contains a % that does not encode a character')
  }
}
