import { type Resource } from './resources.js'

const MOST = 100

/**
 * What has just changed, for the instances that did not change it: who still has the old version
 * shows it now or never. Of a resource whose record may be pruned one is told, later.
 */
export class News {
  readonly #lists: Resource[][]
  readonly #timers = new Set<NodeJS.Timeout>()
  #later = 0

  constructor (instances: number) {
    this.#lists = Array.from({ length: instances }, () => [])
  }

  next (instance: number): Resource | undefined {
    return this.#lists[instance]?.shift()
  }

  tell (resource: Resource, teller: number): void {
    if (resource.workload !== 'cold') return this.#tell(resource, teller)
    // Long enough for other writes to push its record out, and not always as long.
    this.#later++
    const instance = this.#later % this.#lists.length
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#bring(instance, resource)
    }, 300 + this.#later * 367 % 4000)
    this.#timers.add(timer)
  }

  stop (): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #tell (resource: Resource, teller: number): void {
    for (const instance of this.#lists.keys()) {
      if (instance !== teller) this.#bring(instance, resource)
    }
  }

  #bring (instance: number, resource: Resource): void {
    const list = this.#lists[instance]
    if (list !== undefined && list.length < MOST && !list.includes(resource)) list.push(resource)
  }
}
