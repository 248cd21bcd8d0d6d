/**
 * Makes coercing validators of Ajv accept text for a number only if it is written as one, and
 * finite: an integer in digits, any other number as in JSON. Ajv on its own accepts the same as
 * `+text`: `0x1`, `1e309`, ` 1`. Give it to Ajv as its option `code`.
 *
 * @example new Ajv({ coerceTypes: true, code: numbersAsInJson })
 */
export const numbersAsInJson = {
  process: (code: string) =>
    coercing(code, `${digits}.test($1) && isFinite($1)`, `${jsonNumber}.test($1) && isFinite($1)`)
}

/**
 * Like `numbersAsInJson`, with a single spelling for each number: for paths, so that no two paths
 * name the same resource.
 */
export const numbersSpelledOneWay = {
  process: (code: string) =>
    coercing(
      code,
      '$1 === String(+$1) && Number.isSafeInteger(+$1)',
      '$1 === String(+$1) && isFinite($1)'
    )
}

const digits = '/^(?:0|-?[1-9]\\d*)$/'
const jsonNumber = '/^-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?$/'

// Conditions in the code that Ajv generates for `coerceTypes` (lib/compile/validate/dataType.ts).
const integer = /(\bdata\d*) && \1 == \+\1 && !\(\1 % 1\)/g
const number = /(\bdata\d*) && \1 == \+\1/g

function coercing (code: string, isInteger: string, isNumber: string): string {
  const strict = code.replace(integer, isInteger).replace(number, isNumber)
  if (/== \+data/.test(strict)) {
    throw new Error(
      'This version of Ajv coerces numbers in another way: adapt numbers.ts to it'
    )
  }
  return strict
}
