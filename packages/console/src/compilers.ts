import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import { type TSchema } from 'typebox'
import { type TLocalizedValidationError } from 'typebox/error'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'

/**
 * Validates and serializes in this scope by its own schemas, whatever type provider the application
 * has: a compiler for Zod cannot read JSON Schema. Applications with `@weir/fastify/service` have
 * one that can.
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

/** An error with the violations, as Ajv has them: `sendProblem` names the field of each. */
const violations = (found: readonly TLocalizedValidationError[]) =>
  Object.assign(new Error(found.map(({ message }) => message).join('; ')), {
    validation: found.flatMap((violation): object[] =>
      violation.keyword === 'required'
        ? violation.params.requiredProperties.map((missingProperty) => ({
          ...violation,
          params: { missingProperty }
        }))
        : [violation]
    )
  })
