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
import { className, leafBytes, prototypes } from './kinds.js'

/** The result of {@link survey}. */
export interface Survey {
  /** JSON gives the value back as it is. */
  readonly isJson: boolean
  /** The heap the value takes, estimated. */
  readonly bytes: number
}

/** Names the member that cannot be stored, as code would write it, and the reason. */
export class Unstorable extends Error {}

/** A form that keeps less than every kind of data: what it would change is refused. */
export type StrictForm = 'json' | 'structured'

/**
 * Walks through a value once, to tell whether JSON keeps it and how much heap it takes.
 * @param mayBeWide whether to look for strings beyond Latin-1, which costs as much as all the rest
 * @param form refuses what this form would change, too
 * @throws Unstorable for what does not come back as it is: functions, symbols, instances of classes
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

// More than data has, and far from the end of the stack: also for the reader.
const MOST_LEVELS = 1000
// Objects with more names are rarely of one shape.
const MOST_SHARED_NAMES = 64

// Half of what the growing of an object wastes: the one that was given did not grow.
const SLACK = 8

/** A member's name, an element's index, or the way to it in a Map or Set. */
type Step = string | number | (() => string)

class Walk implements Survey {
  isJson = true
  #bytes = 0
  #objects = 0
  readonly #steps: Step[] = []
  readonly #seen = new Set<object>()
  readonly #mayBeWide: boolean
  readonly #form: StrictForm | undefined
  /** Somebody has given all objects a member. */
  readonly #inherits = Object.keys(Object.prototype).length > 0
  #depth = 0

  constructor (mayBeWide: boolean, form: StrictForm | undefined) {
    this.#mayBeWide = mayBeWide
    this.#form = form
  }

  get bytes (): number {
    // JSON makes objects as large as their members ask for; devalue lets them grow.
    return this.isJson ? this.#bytes : this.#bytes + SLACK * this.#objects
  }

  /** The place the walk is at. */
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
    // Met before, on the way here or elsewhere: JSON would not know it for the same.
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
    // Two that are equal are as good as one: only one within itself has no JSON.
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

  /** @returns how many there are */
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
    // Names of elements come first: with their number, the last tells whether there are holes, or
    // members besides.
    const names = Object.keys(array)
    const last = names.at(-1)
    if (last !== undefined && String(Number(last) >>> 0) !== last) {
      this.#refuse(`has a member '${last}' besides its elements`)
    }
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
    // Not by index: where arrays of all kinds pass, V8 would change those of numbers into ones of
    // objects, in place.
    if (isDense) array.forEach(visit)
    else for (const name of names) visit(array[Number(name)], Number(name))
    // Numbers among themselves lie in the array itself.
    if (onlyNumbers) this.#bytes = before
  }

  #other (object: object, depth: number): void {
    const chain = prototypes(object)
    // That of another realm is as plain there.
    if (chain === 1 && Object.hasOwn(Object.getPrototypeOf(object) as object, 'isPrototypeOf')) {
      this.#record(object, depth)
      return
    }
    if (this.#form !== undefined && isLostBy(this.#form, object, chain)) {
      this.#refuse(chain === 0 ? 'has no prototype' : `is an instance of ${className(object)}`)
    }
    this.isJson = false
    if (chain === 0) this.#dictionary(object, depth)
    else if (chain === 2 && types.isMap(object)) this.#map(object, depth)
    else if (chain === 2 && types.isSet(object)) this.#set(object, depth)
    else {
      this.#bytes +=
        leafBytes(object, chain) ?? this.#refuse(`is an instance of ${className(object)}`)
    }
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

  /** Notes that the value that the walk is at is not JSON. */
  #notJson (reason: string): void {
    if (this.#form === 'json') throw new Unstorable(reason)
    this.isJson = false
  }

  /** Of the object whose members the walk is at. */
  #refuse (reason: string): never {
    this.#depth--
    throw new Unstorable(reason)
  }
}

/**
 * JSON has no built-in objects; of the structured clone algorithm's, URL and URLSearchParams become
 * empty objects.
 */
const isLostBy = (form: StrictForm, object: object, chain: number) =>
  form === 'json' || chain === 0 || object instanceof URL || object instanceof URLSearchParams

const MOST_STEPS_SHOWN = 20
const DIGIT = /\d/
const isDigit = (code: number) => code >= 48 && code <= 57

/** A name that is data rather than a word: it has a digit, a short one at an end. */
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
