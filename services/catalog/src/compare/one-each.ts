import { type Entries } from '@weir/cache'
import { comparingAlready } from '../errors.js'

/**
 * Leases with which instances agree on exclusive work: those for filling a cache, which expire if
 * an instance dies.
 */
export type Claims = Pick<Entries, 'claim'>

/**
 * Runs work for a client, unless an instance is already running it for that client. While the store
 * is unavailable, each instance knows only its own work.
 * @throws CATALOG_ERR_COMPARING_ALREADY (409)
 */
export async function oneEach<Result> (
  claims: Claims,
  client: string,
  work: () => Promise<Result>
): Promise<Result> {
  const claim = await claims.claim(client).catch(() => undefined)
  if (claim?.kind === 'held') throw comparingAlready()
  try {
    return await work()
  } finally {
    if (claim?.kind === 'granted') claim.lease.end('failed')
  }
}
