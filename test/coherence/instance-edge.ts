import Database from 'better-sqlite3'
import { createEdge, type Edge, EVERYTHING, nginx, region, varnish } from '@weir/edge'
import type { Kysely } from 'kysely'
import type { CurrentVersion, VersionsSchema } from './database.js'
import { AGAIN, EDGE_SECRET, LAG } from './edge-settings.js'

// Milliseconds: the relay has to keep up with short runs.
const TIMING = { handover: 500, pollInterval: 200, claim: 1000 }
const TIMEOUT = 500

/** Creates the edge of an instance. @param kind of the destination; another region has none */
export function edgeOf (kind: string, url: string, db: Kysely<VersionsSchema>): Edge {
  const destinations = () => {
    switch (kind) {
      case 'varnish':
        return [varnish({ urls: [url], secret: EDGE_SECRET, wait: true, timeout: TIMEOUT })]
      case 'nginx':
        // Shorter than some faults: then the write is acknowledged as unconfirmed.
        return [nginx({ urls: [url], pages: pagesOf, wait: 1000, again: AGAIN.nginx })]
      case 'region':
        return [region({
          name: 'region', url, secret: EDGE_SECRET, timeout: TIMEOUT, again: AGAIN.region
        })]
      default:
        return []
    }
  }
  return createEdge({ db, destinations: destinations(), ...TIMING })
}

function pagesOf (tag: string): string[] | undefined {
  if (tag === EVERYTHING) return undefined
  return tag.startsWith('version:') ? [`/versions/${tag.slice('version:'.length)}`] : undefined
}

/** Reads versions from a copy that is up to `LAG` ms behind the file, like a replica. */
export function versionsBehind (file: string): CurrentVersion {
  const all = new Database(file, { timeout: 5000 })
    .prepare<[], [number, number]>('select id, version from versions').raw()
  let copy = new Map(all.all())
  setInterval(() => { copy = new Map(all.all()) }, LAG).unref()
  return (id) => {
    const version = copy.get(id)
    if (version === undefined) throw new Error(`there is no resource ${id}`)
    return version
  }
}
