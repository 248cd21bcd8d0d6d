import { ProblemSchema } from '@weir/fastify/service'

const problem = { description: 'An error', content: { 'application/problem+json': { schema: ProblemSchema } } }

/** The errors of any route, for its response schemas. */
export const problems = { '4xx': problem, '5xx': problem }
