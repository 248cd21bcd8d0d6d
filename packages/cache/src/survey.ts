import { types } from 'node:util'
import {
  arrayBytes,
  bigintBytes,
  dictionaryBytes,
  isWide,
  mapBytes,
  numberBytes,
  objectBytes,
  ownNamesBytes,
  setBytes,
  sparseBytes,
  stringBytes
} from './heap.js'
import { className, extraMember, leafBytes, prototypes } from './kinds.js'

/** The result of {@link survey}. */
export interface Survey {
  /** Whether JSON preserves the value. */
  readonly isJson: boolean
  /** Estimated heap bytes of the value. */
  readonly bytes: number
}

/** Reports a member that cannot be stored, as a property path, and the reason. */
export class Unstorable extends Error {}

/** A format that does not preserve every kind of data: values that it would change are rejected. */
export type StrictForm = 'json' | 'structured'

/**
 * Walks a value once to determine whether JSON preserves it and how much heap it takes.
 * @param mayBeWide whether to look for strings beyond Latin-1, which costs as much as the rest
 * @param form also rejects values that this format would change
 * @throws Unstorable for values that cannot be restored: functions, symbols, class instances
 */
export function survey (value: unknown, mayBeWide: boolean, form?: StrictForm): Survey {
  const walk = new Walk(mayBeWide, form)
  try {
    walk.value(value)
  } catch (cause) {
    const reason = cause instanceof Unstorable ? cause.message : 'cannot be read'
    throw new Unstorable(`${walk.path} ${reason}`, { cause })
  }
  return walk
}

// Deeper than real data, and far from overflowing the stack, also when reading.
const MOST_LEVELS = 1000
// Objects with more members rarely share a shape.
const MOST_SHARED_NAMES = 64

// Half of the memory wasted while an object grows: the original object did not grow.
const SLACK = 8

/** A member name, an element index, or a function that describes the step into a Map or Set. */
type Step = string | number | (() => string)

class Walk implements Survey {
  isJson = true
  #bytes = 0
  #objects = 0
  readonly #steps: Step[] = []
  readonly #seen = new Set<object>()
  readonly #mayBeWide: boolean
  readonly #form: StrictForm | undefined
  /** Whether members were added to Object.prototype. */
  readonly #inherits = Object.keys(Object.prototype).length > 0
  #depth = 0

  constructor (mayBeWide: boolean, form: StrictForm | undefined) {
    this.#mayBeWide = mayBeWide
    this.#form = form
  }

  get bytes (): number {
    // JSON.parse allocates objects at their final size; devalue grows them.
    return this.isJson ? this.#bytes : this.#bytes + SLACK * this.#objects
  }

  /** The current position as a property path. */
  get path (): string {
    const steps = this.#steps.slice(0, Math.min(this.#depth, MOST_STEPS_SHOWN))
    return (steps.map(stepText).join('') || 'it') + (this.#depth > MOST_STEPS_SHOWN ? '…' : '')
  }

  value (value: unknown): void {
    switch (typeof value) {
      case 'boolean': return
      case 'string':
        this.#bytes += stringBytes(value.length, this.#mayBeWide && isWide(value))
        return
      case 'number':
        if (!Number.isFinite(value) || Object.is(value, -0)) {
          this.#notJson(`is ${Object.is(value, -0) ? '-0' : value}`)
        }
        this.#bytes += numberBytes(value)
        return
      case 'object':
        if (value !== null) this.#object(value)
        return
      case 'undefined':
        this.#notJson('is undefined')
        return
      case 'bigint':
        this.#notJson('is a bigint')
        this.#bytes += bigintBytes(value)
        return
      default: throw new Unstorable(`is a ${typeof value}`)
    }
  }

  #object (object: object): void {
    // The object was visited before, as a parent or elsewhere: JSON would not preserve the
    // identity.
    const before = this.#seen.size
    if (this.#seen.add(object).size === before) {
      this.#notJson('is within itself')
      return
    }
    const depth = this.#depth++
    if (depth === MOST_LEVELS) throw new Unstorable(`lies deeper than ${MOST_LEVELS} levels`)
    if (Array.isArray(object)) this.#array(object, depth)
    else if (Object.getPrototypeOf(object) === Object.prototype) this.#record(object, depth)
    else this.#other(object, depth)
    this.#depth = depth
    // JSON may duplicate a repeated object; only a cycle has no JSON.
    if (this.#form === 'json') this.#seen.delete(object)
  }

  #record (object: object, depth: number): void {
    const count = this.#members(object, depth)
    this.#bytes += objectBytes(count)
    this.#objects++
  }

  #dictionary (object: object, depth: number): void {
    const count = this.#members(object, depth)
    this.#bytes += dictionaryBytes(count)
  }

  /** @returns the number of members */
  #members (object: object, depth: number): number {
    if (Object.getOwnPropertySymbols(object).length > 0) this.#refuse('has a symbol for a name')
    let count = 0
    let first = ''
    let last = ''
    for (const name in object) {
      if (this.#inherits && !Object.hasOwn(object, name)) continue
      if (count++ === 0) first = name
      this.#steps[depth] = last = name
      this.value((object as Record<string, unknown>)[name])
    }
    if (count > MOST_SHARED_NAMES || (isId(last) && isId(first))) {
      this.#bytes += ownNamesBytes(count)
    }
    return count
  }

  #array (array: readonly unknown[], depth: number): void {
    if (prototypes(array) !== 2) this.#refuse(`is an instance of ${className(array)}`)
    // Element names come first: compared with their number, the last one reveals holes or other
    // members.
    const names = Object.keys(array)
    const last = names.at(-1)
    if (last !== undefined && String(Number(last) >>> 0) !== last) {
      this.#refuse(`has a member '${last}' besides its elements`)
    }
    if (Object.getOwnPropertySymbols(array).length > 0) this.#refuse('has a symbol for a name')
    const isDense = names.length === array.length
    if (!isDense) {
      if (this.#form === 'json') this.#refuse('has holes')
      this.isJson = false
    }
    this.#bytes += isDense ? arrayBytes(array.length) : sparseBytes(array.length, names.length)
    const before = this.#bytes
    let onlyNumbers = true
    const visit = (element: unknown, at: number) => {
      this.#steps[depth] = at
      if (typeof element !== 'number') onlyNumbers = false
      this.value(element)
    }
    // Not by index: in code that sees arrays of all kinds, V8 would convert number arrays in place
    // into object arrays.
    if (isDense) array.forEach(visit)
    else for (const name of names) visit(array[Number(name)], Number(name))
    // An array of only numbers stores them inline.
    if (onlyNumbers) this.#bytes = before
  }

  #other (object: object, depth: number): void {
    const chain = prototypes(object)
    // Plain objects of another realm are plain too.
    if (chain === 1 && Object.hasOwn(Object.getPrototypeOf(object) as object, 'isPrototypeOf')) {
      this.#record(object, depth)
      return
    }
    if (this.#form !== undefined && isLostBy(this.#form, object, chain)) {
      this.#refuse(chain === 0 ? 'has no prototype' : `is an instance of ${className(object)}`)
    }
    this.isJson = false
    if (chain === 0) this.#dictionary(object, depth)
    else if (chain === 2 && types.isMap(object)) {
      this.#bare(object)
      this.#map(object, depth)
    } else if (chain === 2 && types.isSet(object)) {
      this.#bare(object)
      this.#set(object, depth)
    } else {
      this.#bytes +=
        leafBytes(object, chain) ?? this.#refuse(`is an instance of ${className(object)}`)
      this.#bare(object)
    }
  }

  #bare (object: object): void {
    const extra = extraMember(object)
    if (extra !== undefined) this.#refuse(`has ${extra}`)
  }

  #map (map: ReadonlyMap<unknown, unknown>, depth: number): void {
    this.#bytes += mapBytes(map.size)
    let at = 0
    for (const [key, value] of map) {
      const index = at++
      this.#steps[depth] = () => `.keys()[${index}]`
      this.value(key)
      this.#steps[depth] = () =>
        typeof key === 'object' ? `.values()[${index}]` : `.get(${quoted(key)})`
      this.value(value)
    }
  }

  #set (set: ReadonlySet<unknown>, depth: number): void {
    this.#bytes += setBytes(set.size)
    let at = 0
    for (const value of set) {
      const index = at++
      this.#steps[depth] = () => `.values()[${index}]`
      this.value(value)
    }
  }

  /** Notes that the value at the current position is not JSON. */
  #notJson (reason: string): void {
    if (this.#form === 'json') throw new Unstorable(reason)
    this.isJson = false
  }

  /** Rejects a member of the object at the current position. */
  #refuse (reason: string): never {
    this.#depth--
    throw new Unstorable(reason)
  }
}

/**
 * JSON has no built-in objects; the structured clone algorithm turns URL and URLSearchParams into
 * empty objects.
 */
const isLostBy = (form: StrictForm, object: object, chain: number) =>
  form === 'json' || chain === 0 || object instanceof URL || object instanceof URLSearchParams

const MOST_STEPS_SHOWN = 20
const DIGIT = /\d/
const isDigit = (code: number) => code >= 48 && code <= 57

/** Recognizes names that are data rather than words: they contain a digit, short ones at an end. */
const isId = (name: string) =>
  name.length > 12
    ? DIGIT.test(name)
    : isDigit(name.charCodeAt(0)) || isDigit(name.charCodeAt(name.length - 1))

const quoted = (value: unknown) => typeof value === 'string' ? JSON.stringify(value) : String(value)

function stepText (step: Step): string {
  if (typeof step === 'function') return step()
  if (typeof step === 'number') return `[${step}]`
  return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
}
