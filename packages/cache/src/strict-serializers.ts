import { serialize } from 'node:v8'
import { CacheError, shown } from './errors.js'
import {
  BUILT_IN,
  defaultSerializer,
  hasWide,
  refusing,
  type Serialized,
  type Serializer
} from './serializer.js'
import { type StrictForm, survey, Unstorable } from './survey.js'

/** Serializers by name; see {@link CacheOptions.serializer}. */
export type SerializerName = 'json' | 'structured'

/**
 * Plain JSON: values that JSON would drop or change are rejected with WEIR_CACHE_UNSERIALIZABLE,
 * which names the member.
 */
const jsonSerializer: Serializer<unknown> = {
  ...defaultSerializer,
  serialize: (value, key) => refusing(key, ADVICE.json, () => {
    const { bytes } = survey(value, false, 'json')
    const text = JSON.stringify(value)
    return stored('json', value, bytes, Buffer.from(text), text)
  })
}

/** The structured clone algorithm of node:v8. Rejects values that it would change. */
const structuredSerializer: Serializer<unknown> = {
  ...defaultSerializer,
  serialize: (value, key) => refusing(key, ADVICE.structured, () => {
    const { bytes } = survey(value, true, 'structured')
    return stored('structured', value, bytes, structured(value))
  })
}

const ADVICE = {
  json: 'Store only data that JSON preserves, or use the default serializer, which preserves every kind of data',
  structured:
    'Store only data that the structured clone algorithm preserves, or use the default serializer, which preserves every kind of data'
} as const satisfies Record<StrictForm, string>

function stored (
  form: StrictForm,
  value: unknown,
  bytes: number,
  body: Buffer,
  text?: string
): Serialized {
  // Most values have no string beyond Latin-1 and need no second pass.
  const size = text !== undefined && hasWide(text, body) ? survey(value, true, form).bytes : bytes
  return { meta: `${form} ${size}`, body }
}

function structured (value: unknown): Buffer {
  try {
    return serialize(value)
  } catch (cause) {
    throw new Unstorable('it cannot be written', { cause })
  }
}

/**
 * Resolves the serializer that an option stands for.
 * @throws CacheError WEIR_CACHE_INVALID_OPTION
 */
export function serializerOf<T> (
  option: SerializerName | Serializer<T> | undefined
): Serializer<T> {
  if (option === undefined || typeof option === 'string') {
    const serializer = option === undefined ? defaultSerializer : BY_NAME.get(option)
    // The cast relies on the caller: the serializer restores the type it was given.
    if (serializer !== undefined) return serializer as Serializer<T>
  } else if (typeof option?.serialize === 'function' && typeof option.deserialize === 'function') {
    if (option.name === BUILT_IN && option !== defaultSerializer) {
      throw new CacheError(
        'WEIR_CACHE_INVALID_OPTION',
        `serializer.name ${shown(option.name)}: this package's have it, name yours otherwise`
      )
    }
    if (typeof option.name === 'string' && /^[\w.-]+$/.test(option.name)) return option
    throw new CacheError(
      'WEIR_CACHE_INVALID_OPTION',
      `serializer.name ${shown(option.name)}: name its format, by letters, digits, '.', '_' and '-'`
    )
  }
  throw new CacheError(
    'WEIR_CACHE_INVALID_OPTION',
    `serializer ${shown(option)}: use 'json', 'structured', or an object with name, serialize and deserialize`
  )
}

const BY_NAME: ReadonlyMap<string, Serializer<unknown>> = new Map([
  ['json', jsonSerializer],
  ['structured', structuredSerializer]
])
