import { type Entry, keyTag } from '@weir/cache'
import type { VaryFunction } from './options.js'
import type { Selection } from './selection.js'

/** A fragment as it was used: everything that what contains it has to say, too. */
export interface Part {
  readonly key: string
  /** Tags that end it, its own key's included. */
  readonly tags: readonly string[]
  /** Milliseconds since the epoch; in the past for a stale fragment, and for one that is not kept. */
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

  get key (): string { return this.selection.of }
  get tags (): readonly string[] { return [...this.entry.tags, keyTag(this.selection.key ?? this.selection.of)] }
  get freshUntil (): number { return this.entry.freshUntil }
  get renderedAt (): number { return this.entry.storedAt }
  get names (): readonly string[] { return this.selection.names }
  get functions (): readonly VaryFunction[] { return this.selection.functions }
}

/** The fragments that a page, or another fragment, is made of. */
export class Parts {
  readonly list: Part[] = []

  /** Fresh as long as all of them are. Infinity: there is none. */
  get freshUntil (): number {
    return this.list.reduce((least, { freshUntil }) => Math.min(least, freshUntil), Infinity)
  }

  /** The time at which the latest was rendered. */
  get renderedAt (): number {
    return this.list.reduce((latest, { renderedAt }) => Math.max(latest, renderedAt), 0)
  }

  get isPrivate (): boolean {
    return this.list.some(({ isPrivate }) => isPrivate)
  }

  get isOwn (): boolean {
    return this.list.some(({ isOwn }) => isOwn)
  }

  get isStandIn (): boolean {
    return this.list.some(({ isStandIn }) => isStandIn)
  }

  get tags (): readonly string[] {
    return [...new Set(this.list.flatMap(({ tags }) => tags))]
  }

  get names (): readonly string[] {
    return [...new Set(this.list.flatMap(({ names }) => names))]
  }

  get functions (): readonly VaryFunction[] {
    return [...new Set(this.list.flatMap(({ functions }) => functions))]
  }

  /** Finds a fragment that depends on more than its surroundings say, and says on what. */
  uncovered ({ isPrivate, names, functions }: Pick<Part, 'isPrivate' | 'names' | 'functions'>): string | undefined {
    for (const part of this.list) {
      const inner = `${JSON.stringify(part.key)} in it`
      if (part.isOwn) return `${inner} depends on what is not known`
      if (part.isPrivate && !isPrivate) return `${inner} is private: make it private, too`
      const name = part.names.find((name) => !names.includes(name))
      if (name !== undefined) return `${inner} varies by ${name}: add that to its vary`
      if (part.functions.some((vary) => !functions.includes(vary))) return `${inner} varies by a function: add that function to its vary`
    }
    return undefined
  }
}
