import { type Entries } from '@weir/cache'
import { comparingAlready } from '../errors.js'

/**
 * The place where instances agree on who does something: leases by which they fill a cache, which
 * run out where one dies.
 */
export type Claims = Pick<Entries, 'claim'>

/**
 * Does something for a client unless it is being done for it already, by whichever instance. While
 * the store is gone, each instance knows of itself only.
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
