/** One URL of the origin. */
export interface Resource {
  readonly id: number
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** The Cache-Control of its responses. */
  readonly cacheControl: string
  /** Seconds for which a shared cache may serve a response; 0: never. */
  readonly lifetime: number
  /** Seconds from one version to the next. */
  readonly period: number
  readonly vary: 'accept-encoding' | 'accept-language' | undefined
  readonly validators: 'etag' | 'last-modified' | 'both'
}

/** Random numbers from 0 to 1, repeatable by seed (mulberry32). */
export function random (seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const KIB = 1024

/**
 * Makes the URLs of a run: 1 to 16 KiB, 3% of them 256 KiB to 1 MiB; lifetimes of 1 to 4 s, 4% not
 * storable; a fifth varies by Accept-Encoding and a fifth by Accept-Language.
 */
export function makeResources (seed: number, count: number): Resource[] {
  const next = random(seed)
  const pick = <T>(...list: readonly [T, ...T[]]): T =>
    list[Math.floor(next() * list.length)] ?? list[0]
  return Array.from({ length: count }, (_, id) => {
    const isLarge = next() < 0.03
    const size = Math.round(isLarge ? (256 + next() * 768) * KIB : (1 + next() * 15) * KIB)
    const lifetime = next() < 0.04 ? 0 : pick(1, 2, 2, 4)
    const cacheControl = lifetime === 0
      ? pick('no-store', 'private, max-age=60')
      : pick(`max-age=${lifetime}`, `public, max-age=60, s-maxage=${lifetime}`)
    return {
      id,
      path: `/resources/${id}?size=${size}`,
      size,
      cacheControl,
      lifetime,
      period: pick(3, 5, 8, 30),
      vary:
        isLarge || lifetime === 0
          ? undefined
          : pick('accept-encoding', 'accept-language', undefined, undefined, undefined),
      validators: pick('etag', 'last-modified', 'both')
    }
  })
}

const LANGUAGES = ['en', 'de', 'fr'] as const

/** The language of a response: the first one that the client names. */
export function languageOf ({ vary }: Resource, acceptLanguage: string | undefined): string {
  if (vary !== 'accept-language') return 'en'
  return LANGUAGES.find((language) => acceptLanguage?.startsWith(language)) ?? 'en'
}

/**
 * The version at a time in ms. Versions begin on whole seconds, so that Last-Modified identifies
 * them.
 */
export const versionAt = ({ period, id }: Resource, time: number): number =>
  Math.floor((Math.floor(time / 1000) + id) / period)

/** The time at which a version began, in ms. */
export const beginOf = ({ period, id }: Resource, version: number): number =>
  (version * period - id) * 1000

/**
 * The content of a response before content coding. Every part of it differs between versions and
 * languages.
 */
export function contentOf (
  { id, size }: Resource,
  version: number | string,
  language: string
): Buffer {
  return Buffer.alloc(size, `${id} ${version} ${language};`)
}
