/** Tracks the saved versions of products, as pages show them: names end with `#e<id>v<version>`. */
export class Versions {
  /** Acknowledged saves by product, in version order. */
  readonly #saved = new Map<number, { readonly version: number; readonly at: number }[]>()
  /** Pages in the browser's cache: entity tag, and the products on it. */
  readonly #kept = new Map<
    string,
    { readonly etag: string; readonly mentions: readonly Mention[] }
  >()

  /**
   * Products with a version on pages, and those older than the version acknowledged before the
   * request.
   */
  checked = 0
  older = 0

  /** The browser's entity tag for a path. */
  etagOf (path: string): string | undefined {
    return this.#kept.get(path)?.etag
  }

  /** Records a save acknowledged at `at`: ms of performance.now(). */
  acknowledged (id: number, version: number, at: number): void {
    const saved = this.#saved.get(id)
    if (saved === undefined) this.#saved.set(id, [{ version, at }])
    else saved.push({ version, at })
  }

  /**
   * Checks a response to a request sent at `sentAt`. A 304 stands for the page in the browser's
   * cache.
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

/** The parts of a response that are checked. */
interface Shown {
  readonly status: number
  readonly etag: string | undefined
  readonly body: string
}

/** A product on a page, and its version. */
export interface Mention {
  readonly id: number
  readonly version: number
}

/** The name of a product at a version. */
export const nameOf = (name: string, { id, version }: Mention): string =>
  `${name.replace(/ #e\d+v\d+$/, '')} #e${id}v${version}`

export function mentionsIn (body: string): Mention[] {
  return [...body.matchAll(/#e(\d+)v(\d+)/g)].map(([, id, version]) => ({
    id: Number(id),
    version: Number(version)
  }))
}
