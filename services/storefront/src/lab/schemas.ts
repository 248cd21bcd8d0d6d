import { Type } from 'typebox'
import { WAYS, type Way, WORKS, type Work } from './load.js'

const WorkSchema = Type.Enum<Work[]>(WORKS.map(({ work }) => work), {
  default: 'fibonacci',
  description: 'The computation: recursion, or a query without an index'
})
const WaySchema = Type.Enum<Way[]>(
  WAYS.map(({ way }) => way),
  { description: 'The way to have the result' }
)

export const RunQuery = Type.Object({ work: WorkSchema })

export const LabQuery = Type.Object({
  work: WorkSchema,
  way: Type.Optional(WaySchema),
  forgotten: Type.Optional(
    Type.String({
      pattern: '^[\\w.-]{1,64}$',
      description: 'The instance that has forgotten its results'
    })
  )
})

/** The form that forgets, which keeps the choice of work. */
export const ForgetForm = Type.Object({ work: Type.Enum<Work[]>(WORKS.map(({ work }) => work)) })

const ORIGIN =
  'Computed now; for another request, which this one waited for; or cached in the memory of the process or in the ' +
  'shared store. A cached response says `computed`, as it did when it was made: Cache-Status tells a hit'

export const RunSchema = Type.Object({
  way: WaySchema,
  work: WorkSchema,
  value: Type.String({ description: 'The result, in words' }),
  origin: Type.Enum(['computed', 'coalesced', 'memory', 'store'], { description: ORIGIN }),
  instance: Type.String({ description: 'The instance whose handler answered' }),
  computedBy: Type.String({ description: 'The instance that computed the result' }),
  computation: Type.Integer({
    minimum: 1,
    description: 'The number of the computation on that instance'
  }),
  computeMs: Type.Number({ minimum: 0, description: 'Time that computing took, in ms' }),
  handlerMs: Type.Number({ minimum: 0, description: 'Time that the handler took, in ms' })
})
