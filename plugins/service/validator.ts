import AjvCompiler from '@fastify/ajv-compiler'
import { numbersAsInJson, numbersSpelledOneWay } from './numbers.js'

// One compiler for each way to coerce: compilers are cached by those of their options that are not
// functions.
const [buildJson, buildText, buildPath] = [AjvCompiler(), AjvCompiler(), AjvCompiler()]

/**
 * Validates requests. Paths, queries and headers are text, and are read as the type in their
 * schema. A JSON body has its own types and is not coerced: coercing would turn `null` into a price
 * of 0. Values that a schema does not allow are errors, and are not removed.
 */
export const buildValidator: AjvCompiler.BuildCompilerFromPool = (externalSchemas) => {
  const options = { removeAdditional: false, useDefaults: true, allErrors: false } as const
  const json = buildJson(externalSchemas, { customOptions: { ...options, coerceTypes: false } })
  const text = buildText(externalSchemas, {
    customOptions: { ...options, coerceTypes: 'array', code: numbersAsInJson }
  })
  const path = buildPath(externalSchemas, {
    customOptions: { ...options, coerceTypes: 'array', code: numbersSpelledOneWay }
  })
  // Typed as the schema, the argument is a part of a route: { schema, method, url, httpPart }.
  return (part) => {
    const httpPart: unknown =
      typeof part === 'object' && 'httpPart' in part ? part['httpPart'] : undefined
    return (httpPart === 'body' ? json : httpPart === 'params' ? path : text)(part)
  }
}
