import AjvCompiler from '@fastify/ajv-compiler'

const build: AjvCompiler.BuildCompilerFromPool = AjvCompiler()

/**
 * Validation of what requests bring. A path, a query or a header is text, and is read as the type its schema asks for. A JSON body
 * has types of its own and is taken as it is: coercing would turn `null` into a price of 0. What a schema does not allow is an
 * error, not dropped.
 */
export const buildValidator: AjvCompiler.BuildCompilerFromPool = (externalSchemas) => {
  const compiler = (coerceTypes: 'array' | false) =>
    build(externalSchemas, { customOptions: { coerceTypes, removeAdditional: false, useDefaults: true, allErrors: false } })
  const text = compiler('array')
  const json = compiler(false)
  // Typed as the schema, it is a part of a route: { schema, method, url, httpPart }.
  return (part) => (typeof part === 'object' && 'httpPart' in part && part['httpPart'] === 'body' ? json : text)(part)
}
