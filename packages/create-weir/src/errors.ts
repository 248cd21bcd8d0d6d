/** A failure reported in one line, without a stack. */
export class CreateError extends Error {}
