import {
  decode,
  encode,
  type SourceMapMappings,
  type SourceMapSegment
} from '@jridgewell/sourcemap-codec'

/** A source map, version 3, as esbuild writes it. */
export interface SourceMap {
  readonly version: number
  readonly sources: readonly string[]
  readonly mappings: string
}

/**
 * Reduces a source map to the needs of stacks: one position per line of our own sources, none in
 * packages.
 *
 * Node parses a whole map when the first stack is made, and keeps it. The map of a bundle with all
 * packages holds the event loop for 0.2 s or more and takes 65 MB; without them it takes a few
 * milliseconds and 2 MB.
 */
export function slimMap (map: SourceMap): SourceMap {
  const places = new Map<number, number>()
  const indexOf = (source: number) => {
    const index = places.get(source) ?? places.size
    places.set(source, index)
    return index
  }
  const isOwn = map.sources.map((source) => !source.includes('node_modules/'))
  // Node takes the nearest preceding position: one without a source ends our own, on later lines
  // too.
  let isOver = true
  const mappings: SourceMapMappings = decode(map.mappings).map((segments) => {
    const kept: SourceMapSegment[] = []
    let last: string | undefined
    for (const segment of segments) {
      const [column] = segment
      if (segment.length === 1 || isOwn[segment[1]] !== true) {
        if (!isOver) kept.push([column])
        isOver = true
        last = undefined
        continue
      }
      const [, source, line, sourceColumn] = segment
      const place = `${source}:${line}`
      if (place !== last) kept.push([column, indexOf(source), line, sourceColumn])
      isOver = false
      last = place
    }
    return kept
  })
  const sources = [...places.keys()].map((source) => map.sources[source] ?? '')
  return { version: map.version, sources, mappings: encode(mappings) }
}
