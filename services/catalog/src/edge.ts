import { type EdgeDestination, varnish } from '@weir/edge'
import { type FastifyInstance } from 'fastify'

/** Pattern of EDGE: `varnish://`, the secret, `@`, and the address of each Varnish. */
export const EDGE_PATTERN = '^varnish://[\\w.~-]{16,}@[\\w.-]+:\\d+(?:,[\\w.-]+:\\d+)*$'

/** Returns the caches before the service that are named by EDGE. */
export function edgeDestinations (edge: string): EdgeDestination[] {
  const [secret = '', addresses = ''] = edge.slice('varnish://'.length).split('@')
  return [varnish({ secret, urls: addresses.split(',').map((address) => `http://${address}`) })]
}

/** Returns the option of cached routes that lets the edge keep a response until it is purged. */
export const atEdge = ({ edge }: FastifyInstance) =>
  edge === undefined ? {} : { edge: true } as const
