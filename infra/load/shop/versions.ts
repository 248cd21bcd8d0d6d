/**
 * The versions of products that were saved, as pages show them: their names end with
 * `#e<id>v<version>`.
 */
export class Versions {
  /** Acknowledged saves by product, in order of version. */
  readonly #saved = new Map<number, { readonly version: number; readonly at: number }[]>()
  /** Pages that the browser has: entity tag, and the products on it. */
  readonly #kept = new Map<
    string,
    { readonly etag: string; readonly mentions: readonly Mention[] }
  >()

  /**
   * Products with a version on pages, and those of them that were older than what had been
   * acknowledged before the request.
   */
  checked = 0
  older = 0

  /** The entity tag that the browser has for a path. */
  etagOf (path: string): string | undefined {
    return this.#kept.get(path)?.etag
  }

  /** A save is acknowledged at `at`: ms of performance.now(). */
  acknowledged (id: number, version: number, at: number): void {
    const saved = this.#saved.get(id)
    if (saved === undefined) this.#saved.set(id, [{ version, at }])
    else saved.push({ version, at })
  }

  /**
   * Checks an answer to a request that was sent at `sentAt`. One of 304 says what the browser has
   * already.
   * @returns the products and versions that the page shows
   */
  check (path: string, { status, etag, body }: Shown, sentAt: number): readonly Mention[] {
    const mentions = status === 304 ? (this.#kept.get(path)?.mentions ?? []) : mentionsIn(body)
    if (status === 200 && etag !== undefined) this.#kept.set(path, { etag, mentions })
    for (const { id, version } of mentions) {
      this.checked++
      const known = this.#saved.get(id)?.findLast(({ at }) => at <= sentAt)
      if (known !== undefined && version < known.version) this.older++
    }
    return mentions
  }
}

/** The parts of an answer that are looked at. */
interface Shown {
  readonly status: number
  readonly etag: string | undefined
  readonly body: string
}

/** A product that a page shows, and in which version. */
export interface Mention {
  readonly id: number
  readonly version: number
}

/** The name of a version of a product. */
export const nameOf = (name: string, { id, version }: Mention): string =>
  `${name.replace(/ #e\d+v\d+$/, '')} #e${id}v${version}`

export function mentionsIn (body: string): Mention[] {
  return [...body.matchAll(/#e(\d+)v(\d+)/g)].map(([, id, version]) => ({
    id: Number(id),
    version: Number(version)
  }))
}
