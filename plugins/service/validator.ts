import AjvCompiler from '@fastify/ajv-compiler'
import { numbersAsInJson, numbersSpelledOneWay } from './numbers.js'

// One for each way to coerce: a compiler is found again by those of its options that are no
// functions.
const [buildJson, buildText, buildPath] = [AjvCompiler(), AjvCompiler(), AjvCompiler()]

/**
 * Validation of what requests bring. A path, a query or a header is text, and is read as the type
 * its schema asks for. A JSON body has types of its own and is taken as it is: coercing would turn
 * `null` into a price of 0. What a schema does not allow is an error, not dropped.
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
  // Typed as the schema, it is a part of a route: { schema, method, url, httpPart }.
  return (part) => {
    const httpPart: unknown =
      typeof part === 'object' && 'httpPart' in part ? part['httpPart'] : undefined
    return (httpPart === 'body' ? json : httpPart === 'params' ? path : text)(part)
  }
}
