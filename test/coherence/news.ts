import { type Resource } from './resources.js'

const MOST = 100

/**
 * Recent changes, for the instances that did not make them: an instance that still has the old
 * version serves it now or never. Changes whose record may be pruned are passed on later.
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
    // Long enough for other writes to push out its record, with some variation.
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
