import { type Entry, keyTag } from '@weir/cache'
import type { VaryFunction } from './options.js'
import type { Selection } from './selection.js'

/** Used fragment, with everything that its enclosing fragment or page has to declare too. */
export interface Part {
  readonly key: string
  /** Tags that invalidate it, including the one of its own key. */
  readonly tags: readonly string[]
  /**
   * Milliseconds since the epoch; in the past for a stale fragment, and for one that is not stored.
   */
  readonly freshUntil: number
  /** Time of rendering, in milliseconds since the epoch. */
  readonly renderedAt: number
  /** Whether it depends on the user. */
  readonly isPrivate: boolean
  /** Whether it is for its own request only, because its dependencies are unknown. */
  readonly isOwn: boolean
  /** Whether re-rendering it, or a fragment in it, has failed. */
  readonly isStandIn: boolean
  /** Request headers on which it depends, in lower case. */
  readonly names: readonly string[]
  /** Functions of the request on which it depends. */
  readonly functions: readonly VaryFunction[]
}

/** Stored fragment. Usually only its HTML is read. */
export class KeptPart implements Part {
  readonly isOwn = false

  constructor (
    readonly entry: Entry<string>,
    readonly selection: Selection,
    readonly isPrivate: boolean,
    readonly isStandIn: boolean
  ) {}

  get key (): string {
    return this.selection.of
  }

  get tags (): readonly string[] {
    return [...this.entry.tags, keyTag(this.selection.key ?? this.selection.of)]
  }

  get freshUntil (): number {
    return this.entry.freshUntil
  }

  get renderedAt (): number {
    return this.entry.storedAt
  }

  get names (): readonly string[] {
    return this.selection.names
  }

  get functions (): readonly VaryFunction[] {
    return this.selection.functions
  }
}

/** Fragments contained in a page or in another fragment. */
export class Parts {
  readonly list: Part[] = []
  /** Time until which all of them are fresh; Infinity if there are none. */
  freshUntil = Infinity
  /** Time at which the latest was rendered. */
  renderedAt = 0
  isPrivate = false
  isOwn = false
  isStandIn = false
  names: readonly string[] = NONE
  functions: readonly VaryFunction[] = NONE

  get tags (): readonly string[] {
    return [...new Set(this.list.flatMap(({ tags }) => tags))]
  }

  add (part: Part): void {
    this.list.push(part)
    this.freshUntil = Math.min(this.freshUntil, part.freshUntil)
    this.renderedAt = Math.max(this.renderedAt, part.renderedAt)
    this.isPrivate ||= part.isPrivate
    this.isOwn ||= part.isOwn
    this.isStandIn ||= part.isStandIn
    this.names = united(this.names, part.names)
    this.functions = united(this.functions, part.functions)
  }

  /** Finds a fragment that depends on more than its surroundings declare, with a description. */
  uncovered ({
    isPrivate,
    names,
    functions
  }: Pick<Part, 'isPrivate' | 'names' | 'functions'>): string | undefined {
    for (const part of this.list) {
      const inner = `${JSON.stringify(part.key)} in it`
      if (part.isOwn) return `${inner} has unknown dependencies`
      if (part.isPrivate && !isPrivate) return `${inner} is private: make it private, too`
      const name = part.names.find((name) => !names.includes(name))
      if (name !== undefined) return `${inner} varies by ${name}: add that to its vary`
      if (part.functions.some((vary) => !functions.includes(vary))) {
        return `${inner} varies by a function: add that function to its vary`
      }
    }
    return undefined
  }
}

const NONE: readonly never[] = []

const united = <V>(some: readonly V[], others: readonly V[]): readonly V[] =>
  others.length === 0 ? some : [...new Set([...some, ...others])]
