import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import { type TSchema } from 'typebox'
import { type TLocalizedValidationError } from 'typebox/error'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'

/**
 * Makes this scope validate and serialize with compilers of its own, whatever type provider the
 * application uses: a compiler for Zod cannot read JSON Schema. Applications with
 * `@weir/fastify/service` already have a suitable compiler.
 */
export function useOwnCompilers (app: FastifyInstance): void {
  if (app.hasPlugin('weir-service')) return
  app.setValidatorCompiler(validator)
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
}

const validator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = Compile(schema)
  return (value: unknown) => {
    const read = httpPart === 'body' ? value : Value.Convert(schema, Value.Default(schema, value))
    return compiled.Check(read) ? { value: read } : { error: violations(compiled.Errors(read)) }
  }
}

/** Creates an error with violations in Ajv's format; `sendProblem` names the field of each. */
const violations = (found: readonly TLocalizedValidationError[]) =>
  Object.assign(new Error(found.map(({ message }) => message).join('; ')), {
    // A property that is not known is reported by the object as well, with a better message.
    validation: found.filter(({ keyword }) => keyword !== 'boolean').flatMap((violation): object[] =>
      violation.keyword === 'required'
        ? violation.params.requiredProperties.map((missingProperty) => ({
          ...violation,
          params: { missingProperty }
        }))
        : violation.keyword === 'additionalProperties'
          ? violation.params.additionalProperties.map((additionalProperty) => ({
            ...violation,
            params: { additionalProperty }
          }))
          : [violation]
    )
  })
