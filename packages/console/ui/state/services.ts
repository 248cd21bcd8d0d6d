import { useEffect } from 'preact/hooks'
import { type Service, type Services, withDemo } from '../model/services.js'
import { Stored } from '../model/stored.js'
import { useQuery } from './use-query.js'
import { useStored } from './use-stored.js'

/** The services that report to the store; undefined until they are known. */
export const services = new Stored<readonly Service[] | undefined>(undefined)

/** The parts of this console that depend on its options; all absent before they are known. */
export const features = new Stored<Omit<Services, 'services'>>({
  apiDocs: null,
  caches: false,
  login: false
})

const EVERY_MS = 10_000

/** Keeps `services` current while the calling view is shown. */
export function useServicesFeed (): void {
  const { value } = useQuery<Services>('services', () => 'api/stats/services', EVERY_MS)
  useEffect(() => {
    if (value === undefined) return
    const { services: found, ...rest } = value
    services.set(found)
    features.set(rest)
  }, [value])
}

/** Returns the known services; empty until they are loaded. */
export const useServices = (): readonly Service[] => useStored(services) ?? []

/** Returns the service that takes part in a demo. */
export const useDemo = (demo: string): Service | undefined => withDemo(useServices(), demo)
