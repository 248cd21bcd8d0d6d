import { type Entry, keyTag } from '@weir/cache'
import type { VaryFunction } from './options.js'
import type { Selection } from './selection.js'

/** A fragment as it was used: everything that what contains it has to say, too. */
export interface Part {
  readonly key: string
  /** Tags that end it, its own key's included. */
  readonly tags: readonly string[]
  /**
   * Milliseconds since the epoch; in the past for a stale fragment, and for one that is not kept.
   */
  readonly freshUntil: number
  /** The time at which it was rendered, in milliseconds since the epoch. */
  readonly renderedAt: number
  /** Whether it is about the user who asked. */
  readonly isPrivate: boolean
  /** Whether it is for its own request only, because it is not known what it depends on. */
  readonly isOwn: boolean
  /** Whether rendering it, or one in it, anew has failed. */
  readonly isStandIn: boolean
  /** Request headers that it depends on, in lower case. */
  readonly names: readonly string[]
  /** Functions of the request that it depends on. */
  readonly functions: readonly VaryFunction[]
}

/** A fragment that is kept. Most are asked for nothing but their HTML. */
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

/** The fragments that a page, or another fragment, is made of. */
export class Parts {
  readonly list: Part[] = []
  /** Fresh as long as all of them are. Infinity: there is none. */
  freshUntil = Infinity
  /** The time at which the latest was rendered. */
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

  /** Finds a fragment that depends on more than its surroundings say, and says on what. */
  uncovered ({
    isPrivate,
    names,
    functions
  }: Pick<Part, 'isPrivate' | 'names' | 'functions'>): string | undefined {
    for (const part of this.list) {
      const inner = `${JSON.stringify(part.key)} in it`
      if (part.isOwn) return `${inner} depends on what is not known`
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
