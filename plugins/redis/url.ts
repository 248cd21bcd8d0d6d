import { WEIR_ERR_REDIS_URL } from '../errors.js'

/**
 * Checks a Redis URL and returns what of it may be shown: neither user nor password. ioredis takes any string for a host or a path
 * and would fail later, far from the setting that is wrong.
 */
export function serverName (url: string): string {
  if (typeof url !== 'string' || url === '') throw new WEIR_ERR_REDIS_URL('there is none')
  if (url.startsWith('/')) return url
  if (!URL.canParse(url)) throw new WEIR_ERR_REDIS_URL('this is no URL')
  const { protocol, hostname, host, pathname } = new URL(url)
  if (protocol !== 'redis:' && protocol !== 'rediss:') throw new WEIR_ERR_REDIS_URL(`it begins with ${protocol}`)
  if (hostname === '') throw new WEIR_ERR_REDIS_URL('it has no host')
  if (!/^(\/\d*)?$/.test(pathname)) throw new WEIR_ERR_REDIS_URL('its path is not the number of a database')
  return host
}
